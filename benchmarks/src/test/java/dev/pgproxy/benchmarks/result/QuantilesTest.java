package dev.pgproxy.benchmarks.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QuantilesTest {

    @Test
    void theMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() {
        assertEquals(2, Quantiles.of(List.of(9.0, 1.0, 2.0)).median());
        assertEquals(2.5, Quantiles.of(List.of(9.0, 1.0, 2.0, 3.0)).median());
    }

    @Test
    void aQuantileIsTheNearestRank() {
        Quantiles hundred = Quantiles.of(
                IntStream.rangeClosed(1, 100).mapToObj(i -> (double) i).toList());
        assertEquals(99, hundred.at(0.99));
        assertEquals(100, hundred.at(0.999));
        assertEquals(100, hundred.at(1));
        assertEquals(1, hundred.at(0.001));
    }

    @Test
    void nothingHasNoQuantile() {
        assertThrows(IllegalArgumentException.class, () -> Quantiles.of(List.of()));
    }
}
