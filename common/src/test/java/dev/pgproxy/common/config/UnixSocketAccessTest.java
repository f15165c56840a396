package dev.pgproxy.common.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnixSocketAccessTest {

    @ParameterizedTest
    @CsvSource({"0777,511", "770,504", "0600,384", "000,0"})
    void aModeIsReadAsChmodDoes(String text, int bits) {
        assertEquals(OptionalInt.of(bits), UnixSocketAccess.mode(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "77", "1777", "0778", "rwxrwxrwx", "00777", "-770"})
    void anythingElseIsNone(String text) {
        assertEquals(OptionalInt.empty(), UnixSocketAccess.mode(text));
    }
}
