package dev.pgproxy.benchmarks.growth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class StormTest {

    @Test
    void nobodyOvertakesInALine() {
        Storm storm = new Storm();
        storm.serve(List.of(0), 1);
        storm.serve(List.of(2, 1), 2);
        storm.serve(List.of(3), 5);
        assertEquals(4, storm.served());
        assertEquals(0, storm.overtakers().greatest());
        assertEquals(2, storm.waitsMs().median());
        assertEquals(5, storm.waitsMs().greatest());
    }

    @Test
    void whoCameLaterAndWasServedBeforeHasOvertaken() {
        Storm storm = new Storm();
        storm.serve(List.of(3), 1);
        storm.serve(List.of(1), 2);
        storm.serve(List.of(0, 2), 3);
        assertEquals(2, storm.overtakers().greatest(), "of the first, by the second and the last");
        assertEquals(1, storm.overtakers().median(), "0, 1, 1 and 2");
    }
}
