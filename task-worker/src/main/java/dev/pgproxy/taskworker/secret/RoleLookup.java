package dev.pgproxy.taskworker.secret;

import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.TaskSettings;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupParameters;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Combines what the server reports of a role with its password in {@code auth_file}; for the password, the file takes precedence. */
public final class RoleLookup {

    private static final int MAX_VERIFIER_CHARS = 1_024;

    private final TaskSettings settings;
    private final Optional<UserListFile> file;
    private final Map<Endpoint, ServerLane> lanes = new HashMap<>();

    public RoleLookup(TaskSettings settings) {
        this.settings = settings;
        this.file = Optional.of(settings.verifierFile())
                .filter(path -> !path.isEmpty())
                .map(path -> new UserListFile(Path.of(path)));
    }

    /**
     * Looks up a role. The answer arrives on another thread.
     *
     * @param user one char per byte, as in {@link StartupParameters}
     * @param timeoutMs after which the caller no longer waits
     * @return false when the server cannot be asked; then there will be no answer
     */
    public boolean find(Endpoint server, String user, String database, long timeoutMs, Consumer<RoleFacts> answer) {
        String role;
        String name;
        try {
            role = decoded(user);
            name = decoded(database);
        } catch (CharacterCodingException e) {
            return false; // It is not UTF-8, and only the server can know the encoding.
        }
        return lane(server).askForRole(role, name, timeoutMs, facts -> answer.accept(withFile(role, facts)));
    }

    /**
     * Finds out whether a query that a client left running can be cancelled. The answer arrives on another thread.
     *
     * @param pid of the server's process
     * @param timeoutMs after which the caller no longer waits
     * @return false when the server cannot be asked; then there will be no answer
     */
    public boolean findAbandoned(Endpoint server, int pid, long timeoutMs, Consumer<AbandonedQuery> answer) {
        return lane(server).ask(open -> AbandonedQuery.of(open, pid), AbandonedQuery.UNKNOWN, timeoutMs, answer);
    }

    private ServerLane lane(Endpoint server) {
        return lanes.computeIfAbsent(server, key -> new ServerLane(key, settings.adminLogin()));
    }

    private static String decoded(String bytesAsChars) throws CharacterCodingException {
        byte[] bytes = bytesAsChars.getBytes(StandardCharsets.ISO_8859_1);
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private RoleFacts withFile(String role, RoleFacts facts) {
        if (!facts.known()) {
            return facts; // The file does not know whether the role exists or may log in.
        }
        List<String> verifiers = file.map(list -> list.verifiers(role)).orElse(List.of());
        if (verifiers.isEmpty()) {
            return bounded(facts, facts.cleartextCheckable(), facts.verifiers());
        }
        return bounded(facts, true, verifiers);
    }

    /** A role may set itself a verifier that is too long for any message. */
    private static RoleFacts bounded(RoleFacts facts, boolean cleartextCheckable, List<String> verifiers) {
        List<String> carried = verifiers.stream()
                .filter(verifier -> verifier.length() <= MAX_VERIFIER_CHARS)
                .toList();
        return new RoleFacts(
                facts.known(),
                facts.mayLogIn(),
                cleartextCheckable,
                facts.validForMs(),
                facts.fingerprint(),
                carried,
                facts.verifiers().containsAll(carried));
    }

    /** Closes its connections, after the queries that still wait. */
    public void close() {
        lanes.values().forEach(ServerLane::end);
        lanes.clear();
    }
}
