package dev.pgproxy.benchmarks.growth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class StormTest {

    private final Storm storm = new Storm();

    @Test
    void nobodyOvertakesInALine() {
        storm.letIn(List.of(0), List.of(1.0));
        storm.letIn(List.of(2, 1), List.of(2.0, 3.0));
        storm.letIn(List.of(3), List.of(5.0));
        assertEquals(4, storm.countIn());
        assertEquals(0, storm.overtakers().greatest());
        assertEquals(2.5, storm.waitsMs().median());
        assertEquals(5, storm.waitsMs().greatest());
    }

    @Test
    void whoCameLaterAndIsInBeforeHasOvertaken() {
        storm.letIn(List.of(3), List.of(1.0));
        storm.letIn(List.of(1), List.of(1.0));
        storm.letIn(List.of(0, 2), List.of(1.0, 1.0));
        assertEquals(2, storm.overtakers().greatest(), "of the first, by the second and the last");
        assertEquals(1, storm.overtakers().median(), "0, 1, 1 and 2");
    }
}
