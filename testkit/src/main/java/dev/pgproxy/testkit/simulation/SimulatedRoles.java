package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.ipc.RoleFacts;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/**
 * The roles of the simulated server. Now and then all of them change together, as if each had been dropped and
 * created again, so that a backend from before the change is not as good as new.
 */
public final class SimulatedRoles {

    public static final List<String> USERS = List.of("open0", "open1", "plain", "hashed");
    private static final String PASSWORD = "secret";

    /** In some runs no role can ever be looked up. */
    private final boolean unavailable;

    private final Random random;
    private int version = 1;

    public SimulatedRoles(Random random) {
        this.random = random;
        this.unavailable = random.nextInt(5) == 0;
    }

    /** Increases with every change. */
    public int version() {
        return version;
    }

    public void changeNowAndThen() {
        if (random.nextInt(300) == 0) {
            change();
        }
    }

    public void change() {
        version++;
    }

    /** Whether the proxy learns enough to keep all clients off outdated backends. */
    public boolean areKnown() {
        return !unavailable;
    }

    public RoleFacts facts(String user) {
        return unavailable
                ? RoleFacts.UNAVAILABLE
                : new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "v" + version, List.of(stored(user)), true);
    }

    public static AuthenticationMethod method(String user) {
        return switch (user) {
            case "plain" -> AuthenticationMethod.PASSWORD;
            case "hashed" -> AuthenticationMethod.MD5;
            default -> AuthenticationMethod.TRUST;
        };
    }

    private static String stored(String user) {
        return Md5Exchange.stored(bytes(PASSWORD), bytes(user));
    }

    /** What a client answers to a request, with its terminator. */
    public static byte[] answer(String user, boolean right, byte[] salt) {
        String password = right ? PASSWORD : "guess";
        String answer = salt.length == 0
                ? password
                : Md5Exchange.stored(
                        bytes(Md5Exchange.stored(bytes(password), bytes(user)).substring(3)), salt);
        return bytes(answer + "\0");
    }

    /** Whether the server accepts this answer. */
    public static boolean accepts(String user, byte[] answer, byte[] salt) {
        return java.util.Arrays.equals(answer, answer(user, true, salt));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
