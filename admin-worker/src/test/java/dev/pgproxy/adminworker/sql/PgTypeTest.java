package dev.pgproxy.adminworker.sql;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PgTypeTest {

    private static String text(PgType type, Object value) {
        return new String(type.encode(value, false), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0.0, 0",
        "1, 1",
        "1.5, 1.5",
        "-0.001, -0.001",
        "123456789012345, 123456789012345",
        "1e15, 1e+15",
        "1.25e20, 1.25e+20",
        "1e-5, 0.00001",
        "1e-6, 1e-06",
        "-2.5e-300, -2.5e-300",
        "NaN, NaN",
        "-Infinity, -Infinity"
    })
    void floatsReadAsThoseOfAServer(double value, String expected) {
        assertEquals(expected, text(PgType.FLOAT8, value));
    }

    @Test
    void timesAreToldInUtcWithMicroseconds() {
        OffsetDateTime at = OffsetDateTime.of(2026, 11, 22, 1, 2, 3, 450_000_000, ZoneOffset.ofHours(2));
        assertEquals("2026-11-21 23:02:03.45+00", text(PgType.TIMESTAMPTZ, at));
        assertEquals(
                "2026-11-22 01:02:03+00",
                text(PgType.TIMESTAMPTZ, OffsetDateTime.of(2026, 11, 22, 1, 2, 3, 0, ZoneOffset.UTC)));
        assertEquals("2026-11-22", text(PgType.DATE, LocalDate.of(2026, 11, 22)));
    }

    @Test
    void binaryValuesComeBack() throws SqlProblem {
        OffsetDateTime at = OffsetDateTime.of(1999, 1, 2, 3, 4, 5, 6_000, ZoneOffset.UTC);
        assertEquals(at, PgType.decode(PgType.TIMESTAMPTZ.encode(at, true), PgType.TIMESTAMPTZ.oid(), true));
        assertEquals(7, PgType.decode(PgType.INT4.encode(7, true), PgType.INT4.oid(), true));
        assertEquals(-7L, PgType.decode(PgType.INT8.encode(-7L, true), PgType.INT8.oid(), true));
        assertEquals(true, PgType.decode(PgType.BOOL.encode(true, true), PgType.BOOL.oid(), true));
        assertEquals(2.5, PgType.decode(PgType.FLOAT8.encode(2.5, true), PgType.FLOAT8.oid(), true));
        LocalDate date = LocalDate.of(1970, 1, 1);
        assertEquals(date, PgType.decode(PgType.DATE.encode(date, true), PgType.DATE.oid(), true));
    }

    /** As numeric_send writes them: digits, weight, sign, scale, then groups of four digits. */
    @Test
    void numericsHaveGroupsOfFourDigits() {
        assertArrayEquals(
                new byte[] {0, 3, 0, 1, 0x40, 0, 0, 2, 0, 1, 0x09, 0x29, 0x13, (byte) 0x88},
                PgType.NUMERIC.encode(new BigDecimal("-12345.50"), true));
        assertArrayEquals(new byte[] {0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, PgType.NUMERIC.encode(BigDecimal.ZERO, true));
    }

    @Test
    void valuesThatAreNoneAreErrorsOfTheClient() {
        assertThrows(SqlProblem.class, () -> PgType.decode(new byte[3], PgType.INT4.oid(), true));
        assertThrows(
                SqlProblem.class, () -> PgType.decode("x".getBytes(StandardCharsets.UTF_8), PgType.INT4.oid(), false));
        assertThrows(SqlProblem.class, () -> PgType.decode(new byte[] {(byte) 0xff}, 0, false));
    }
}
