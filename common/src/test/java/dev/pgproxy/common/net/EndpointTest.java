package dev.pgproxy.common.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.1:5432",
                "db.example.com:5432",
                "[::1]:5432",
                "[fe80::1%eth0]:1",
                "*:9999",
                "0.0.0.0:0",
                "unix:5432",
                "unix:/run/postgresql:5432",
                "unix:/run/s",
                "unix:/run/a:1:2",
                "unix:/run/.s.PGSQL.70000"
            })
    void whatIsWrittenIsReadBack(String text) throws Exception {
        assertEquals(text, Endpoint.parse(text).toString());
    }

    @Test
    void itsPartsAreThere() throws Exception {
        assertEquals(new Endpoint.Tcp("::1", 5432), Endpoint.parse("[::1]:5432"));
        assertEquals(new Endpoint.Unix("/run/s"), Endpoint.parse("unix:/run/s"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "unix:/run/postgresql:5432",
                "unix:/run/postgresql/:5432",
                "unix:/run//postgresql:05432",
                "unix:/run/postgresql/.s.PGSQL.5432"
            })
    void aServersSocketHasOneNameHoweverItIsWritten(String text) throws Exception {
        Endpoint.Unix socket = (Endpoint.Unix) Endpoint.parse(text);
        assertEquals("/run/postgresql/.s.PGSQL.5432", socket.path());
        assertEquals("/run/postgresql", socket.place());
        assertEquals(5432, socket.port());
        assertEquals("unix:/run/postgresql:5432", socket.toString());
    }

    @Test
    void aSocketWithAnotherNameHasNoPort() throws Exception {
        Endpoint.Unix socket = (Endpoint.Unix) Endpoint.parse("unix:/run/.s.PGSQL.0123");
        assertEquals("/run/.s.PGSQL.0123", socket.place());
        assertEquals(0, socket.port());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost",
                "localhost:",
                ":5432",
                "::1:5432",
                "a b:1",
                "a:1,b:2",
                "256.0.0.1:5432",
                "1.2.3:5432",
                "localhost:65536",
                "localhost:99999999999",
                "localhost:-1",
                "unix:",
                "unix:relative/path",
                "unix:/",
                "unix://",
                "unix:/run/postgresql:0",
                "unix:/run/postgresql:65536",
                "unix:/run/post\tgresql:5432"
            })
    void anythingElseIsRefusedWithARemedy(String text) {
        Endpoint.BadEndpointException refused =
                assertThrows(Endpoint.BadEndpointException.class, () -> Endpoint.parse(text));
        assertFalse(refused.problem().isEmpty());
        assertFalse(refused.remedy().isEmpty());
    }

    @Test
    void aSocketsPathHasABound() throws Exception {
        String longest = "unix:/" + "x".repeat(Endpoint.MAX_PATH_BYTES - 1);
        assertEquals(longest, Endpoint.parse(longest).toString());
        assertThrows(Endpoint.BadEndpointException.class, () -> Endpoint.parse(longest + "x"));
    }
}
