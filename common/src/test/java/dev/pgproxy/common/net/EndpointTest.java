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
                "unix:/run/postgresql/.s.PGSQL.5432"
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
                "unix:relative/path"
            })
    void anythingElseIsRefusedWithARemedy(String text) {
        Endpoint.BadEndpointException refused =
                assertThrows(Endpoint.BadEndpointException.class, () -> Endpoint.parse(text));
        assertFalse(refused.problem().isEmpty());
        assertFalse(refused.remedy().isEmpty());
    }

    @Test
    void aSocketsPathHasABound() {
        assertThrows(Endpoint.BadEndpointException.class, () -> Endpoint.parse("unix:/" + "x".repeat(200)));
    }
}
