package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.session.SessionOwner;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** There may be ten thousand idle sessions, so the objects and bytes that one keeps are counted. */
class IdleSessionTest {

    /** Classes that only a login passed on to the server needs. */
    private static final Set<String> OF_A_LOGIN =
            Set.of("Login", "Evidence", "LoginTimer", "ServerLogin", "LoginInspector", "LoginGate", "OwnerRequests");

    /** Those that only a login needs in which the proxy checks the password. */
    private static final Set<String> OF_A_PROOF = Set.of(
            "Verifying",
            "Verification",
            "VerificationDialogue",
            "AnswerReader",
            "Waiting",
            "Proof",
            "KeyLogin",
            "SilentLogin");

    /** Those that only a login needs that gets a warm backend. */
    private static final Set<String> OF_A_WARM_LOGIN = Set.of("SettingUp", "ParameterSetting", "Greeting");

    /** What only a session needs in which bytes move. */
    private static final Set<String> OF_A_LEASE =
            Set.of("BackendLease", "Pipe", "MessageFramer", "FrontendTraffic", "BackendTraffic", "OwnerNews");

    private static final Set<Class<?>> SHARED = Set.of(
            SessionContext.class,
            SessionOwner.class,
            EventLoop.class,
            Scheduler.class,
            Backend.class,
            PoolSettings.class,
            PoolKey.class,
            Endpoint.class,
            // The connections of both sides, and what belongs to the backend.
            Transport.class,
            RelayBuffers.class,
            ServerIdentity.class,
            QueryProgress.class);

    /** Objects that an idle session owns, including those in collections. */
    private static final int MAX_OBJECTS = 30;

    /** Bytes in arrays and strings, beyond the client's startup packet. */
    private static final int MAX_BYTES = 200;

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    private Session session() {
        return lone.worker.clients().all().iterator().next();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void begin() {
        lone.assign(1, new LoneWorker.Frontend());
        lone.worker.roles().onRoleFound(new RoleMessages.RoleFound(1, RoleFacts.UNAVAILABLE));
        servers.last().accept();
        lone.loop.tick();
    }

    @Test
    void nothingOfItsLoginIsKept() {
        begin();
        assertEquals(SessionState.LOGGING_IN, session().state());
        Set<String> before = Reachable.from(session(), SHARED).classes();
        assertTrue(before.containsAll(OF_A_LOGIN), before::toString);
        assertTrue(before.containsAll(OF_A_LEASE), before::toString);

        servers.last().letIn();
        assertNothingOfALoginIsKept();
    }

    /** It is asked before it has a place, and the worker then logs in with its proof. */
    @Test
    void nothingOfItsProofIsKept() {
        LoneWorker.Frontend client = new LoneWorker.Frontend();
        String stored = Md5Exchange.stored(ascii("pw"), ascii("app"));
        lone.assign(1, client, 0, AuthenticationMethod.MD5);
        lone.findRoles(List.of(stored));
        assertEquals(SessionState.VERIFYING, session().state());
        Set<String> before = new HashSet<>(Reachable.from(session(), SHARED).classes());
        byte[] request = client.written.toByteArray();
        byte[] salt = Arrays.copyOfRange(request, request.length - Md5Exchange.SALT_BYTES, request.length);
        byte[] response = Md5Exchange.response(stored, salt);
        client.say(FrontendMessage.wrap(FrontendMessage.PASSWORD, Arrays.copyOf(response, response.length + 1)));
        assertEquals(1, lone.master.heard(PlaceMessages.PlaceWanted.class).size());
        before.addAll(Reachable.from(session(), SHARED).classes());
        lone.worker.places().onPlaceGiven(new PlaceMessages.PlaceGiven(1, 0, 1_000));
        lone.findRoles(List.of(stored));
        servers.last().accept();
        servers.last().say(BackendMessage.authenticationMd5Password(new byte[] {1, 2, 3, 4}));
        before.addAll(Reachable.from(session(), SHARED).classes());
        assertTrue(before.containsAll(OF_A_PROOF), before::toString);

        servers.last().letIn();
        assertNothingOfALoginIsKept();
    }

    @Test
    void nothingOfALoginToAWarmBackendIsKept() throws Exception {
        for (String name : OF_A_WARM_LOGIN) {
            Class.forName("dev.pgproxy.poolworker.login." + name); // Not found when it has another name now.
        }
        lone.logIn(1, servers).leave();
        servers.last().isAsNew();
        lone.assign(2, new LoneWorker.Frontend());
        lone.findRoles();
        assertEquals(1, servers.connections.size());
        assertNothingOfALoginIsKept();
    }

    private void assertNothingOfALoginIsKept() {
        lone.rest();
        assertEquals(SessionState.ACTIVE, session().state());
        Set<String> after = Reachable.from(session(), SHARED).classes();
        assertEquals(
                List.of(),
                Stream.of(OF_A_LOGIN, OF_A_PROOF, OF_A_WARM_LOGIN, OF_A_LEASE)
                        .flatMap(Set::stream)
                        .filter(after::contains)
                        .toList());
    }

    @Test
    void sessionsOfOneKindShareWhatTheirClientsSent() {
        lone.logIn(1, servers);
        lone.logIn(2, servers);
        Set<Object> shared = Collections.newSetFromMap(new IdentityHashMap<>());
        lone.worker.clients().all().forEach(session -> {
            shared.add(session.parameters());
            shared.add(session.origin().peer().address());
        });
        assertEquals(2, shared.size(), "the parameters and the address, once each");
    }

    @Test
    void itIsMadeOfFewObjects() {
        begin();
        servers.last().letIn();
        lone.rest();
        Reachable idle = Reachable.from(session(), SHARED);
        assertTrue(idle.objects().size() <= MAX_OBJECTS, () -> idle.objects().size() + " objects: " + idle.objects());
        assertTrue(idle.bytes() <= MAX_BYTES, () -> idle.bytes() + " bytes");
    }
}
