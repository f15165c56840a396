package dev.pgproxy.taskworker.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.probe.FailureKind;
import java.io.EOFException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of what counts as a server being down. */
class DriverFailureTest {

    private static Arguments failure(String what, @Nullable String state, @Nullable Throwable cause, FailureKind kind) {
        return Arguments.of(what, new SQLException(what, state, cause), kind);
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                failure("refused", "08001", new ConnectException("Connection refused"), FailureKind.REFUSED),
                failure("reset", "08006", new SocketException("Connection reset"), FailureKind.RESET),
                failure("broken pipe", "08006", new SocketException("Broken pipe"), FailureKind.RESET),
                failure("closed without a word", "08001", new EOFException(), FailureKind.RESET),
                failure("closed in a query", "08006", null, FailureKind.RESET),
                failure("closed before", "08003", null, FailureKind.RESET),
                failure("no answer", "08006", new SocketTimeoutException("Read timed out"), FailureKind.TIMED_OUT),
                failure(
                        "no answer to SYN",
                        "08001",
                        new ConnectException("Connection timed out"),
                        FailureKind.TIMED_OUT),
                failure(
                        "connect given up",
                        "08001",
                        new SocketTimeoutException("Connect timed out"),
                        FailureKind.TIMED_OUT),
                failure("login given up", "08001", null, FailureKind.TIMED_OUT),
                failure("no route", "08001", new NoRouteToHostException("No route to host"), FailureKind.UNREACHABLE),
                failure("no network", "08001", new ConnectException("Network is unreachable"), FailureKind.UNREACHABLE),
                failure("no name", "08001", new UnknownHostException("db"), FailureKind.UNKNOWN_HOST),
                failure("wrong password", "28P01", null, FailureKind.AUTHENTICATION),
                failure("no line in pg_hba.conf", "28000", null, FailureKind.AUTHENTICATION),
                failure("full", "53300", null, FailureKind.TOO_MANY_CONNECTIONS),
                failure("starting up", "57P03", null, FailureKind.NOT_READY),
                failure("shutting down", "57P01", null, FailureKind.NOT_READY),
                failure("crash of another backend", "57P02", null, FailureKind.NOT_READY),
                failure("out of memory there", "53200", null, FailureKind.SERVER_ERROR),
                failure("no such database", "3D000", null, FailureKind.SERVER_ERROR),
                failure("query cancelled", "57014", null, FailureKind.SERVER_ERROR),
                failure("web server", "08P01", null, FailureKind.NOT_POSTGRES),
                failure("unknown method of login", "08004", null, FailureKind.NOT_POSTGRES),
                failure("no descriptor", "08001", new SocketException("Too many open files"), FailureKind.LOCAL),
                failure(
                        "no right to a socket",
                        "08001",
                        new SocketException("could not connect to /run/s: Permission denied"),
                        FailureKind.LOCAL),
                failure("no port", "08001", new BindException("Cannot assign requested address"), FailureKind.LOCAL),
                failure("firewall here", "08001", new SocketException("Operation not permitted"), FailureKind.LOCAL));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void eachFailureIsWhatItIs(String what, SQLException failure, FailureKind expected) {
        assertEquals(expected, DriverFailure.kindOf(failure), what);
    }

    static Stream<Arguments> verdicts() {
        return Stream.of(
                Arguments.of(FailureKind.REFUSED, true),
                Arguments.of(FailureKind.RESET, true),
                Arguments.of(FailureKind.TIMED_OUT, true),
                Arguments.of(FailureKind.UNREACHABLE, true),
                Arguments.of(FailureKind.UNKNOWN_HOST, false),
                Arguments.of(FailureKind.AUTHENTICATION, false),
                Arguments.of(FailureKind.TOO_MANY_CONNECTIONS, false),
                Arguments.of(FailureKind.NOT_READY, false),
                Arguments.of(FailureKind.SERVER_ERROR, false),
                Arguments.of(FailureKind.NOT_POSTGRES, false),
                Arguments.of(FailureKind.LOCAL, false));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("verdicts")
    void onlyWhatADeadServerDoesCountsAsDown(FailureKind kind, boolean down) {
        assertEquals(down, kind.countsAsDown());
    }

    @org.junit.jupiter.api.Test
    void everyKindHasItsVerdict() {
        assertEquals(FailureKind.values().length, verdicts().count());
    }
}
