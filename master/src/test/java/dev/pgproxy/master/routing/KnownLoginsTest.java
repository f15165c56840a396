package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KnownLoginsTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final StartupPacket.Startup ANN = PlayedClients.startup("ann");

    private long nowNs = 1_000;
    private final KnownLogins known = new KnownLogins(() -> nowNs);

    @ParameterizedTest
    @CsvSource({"TRUST, PROVED", "PASSWORD, VISITOR", "MD5, VISITOR", "SCRAM_SHA_256, VISITOR", "OTHER, STRANGER"})
    void aClientIsTakenForWhatTheServerAskedTheLast(AuthenticationMethod method, Standing standing) {
        assertEquals(Standing.STRANGER, known.standing(SERVER, ANN));
        known.letIn(SERVER, ANN.parameters(), method);
        assertEquals(standing, known.standing(SERVER, ANN));
    }

    @Test
    void anotherServerUserOrDatabaseIsNotKnownByIt() {
        known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.MD5);
        assertEquals(Standing.STRANGER, known.standing(new Endpoint.Tcp("server", 5433), ANN));
        assertEquals(Standing.STRANGER, known.standing(SERVER, PlayedClients.startup("bob")));
    }

    /** Only the server knows its answer to protocol options and newer versions. */
    @Test
    void whoAsksForMoreOfTheProtocolIsAskedByTheServer() {
        known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.MD5);
        List<StartupParameters.Parameter> more =
                new ArrayList<>(ANN.parameters().sorted());
        more.add(new StartupParameters.Parameter("_pq_.command_tag_format", "x"));
        assertEquals(
                Standing.STRANGER,
                known.standing(SERVER, new StartupPacket.Startup(3 << 16, new StartupParameters(more))));
        assertEquals(
                Standing.STRANGER, known.standing(SERVER, new StartupPacket.Startup((3 << 16) + 2, ANN.parameters())));
    }

    @Test
    void onlyWhatIsNewIsSaidToBeNew() {
        assertTrue(known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.MD5));
        assertFalse(known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.MD5));
        assertTrue(known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.SCRAM_SHA_256));
    }

    @Test
    void whatNobodyConfirmedForAnHourIsNotReliedOn() {
        known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.TRUST);
        nowNs += TimeUnit.HOURS.toNanos(1);
        assertEquals(Standing.PROVED, known.standing(SERVER, ANN));
        nowNs++;
        assertEquals(Standing.STRANGER, known.standing(SERVER, ANN));
    }

    @Test
    void whatChangedIsForgotten() {
        known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.TRUST);
        known.forget(SERVER, "ann", "shop");
        assertEquals(AuthenticationMethod.OTHER, known.method(SERVER, ANN.parameters()));
    }

    @Test
    void theOneSeenLongestAgoIsForgottenFirst() {
        known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.MD5);
        for (int i = 0; i < 10_000; i++) {
            known.letIn(SERVER, PlayedClients.startup("user" + i).parameters(), AuthenticationMethod.MD5);
            if (i == 5_000) {
                known.letIn(SERVER, ANN.parameters(), AuthenticationMethod.MD5);
            }
        }
        assertEquals(Standing.VISITOR, known.standing(SERVER, ANN));
        assertEquals(Standing.STRANGER, known.standing(SERVER, PlayedClients.startup("user0")));
    }
}
