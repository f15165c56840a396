package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateFileTest {

    private static final Endpoint ONE = new Endpoint.Tcp("db1.example.com", 5432);
    private static final Endpoint TWO = new Endpoint.Tcp("::1", 5433);
    private static final FailoverState DECIDED = new FailoverState(
            ONE,
            Optional.of(TWO),
            7_000_000_000_000_000_000L,
            Optional.of(new FailoverState.Decision(
                    FailoverState.Phase.INTENT, FailoverState.Cause.SWITCHOVER, ONE, TWO, "2026-01-02T03:04:05Z")));

    @TempDir
    private Path directory = Path.of("");

    private Path file = Path.of("");

    @BeforeEach
    void chooseFile() {
        file = directory.resolve("state");
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        new StateFile(file).write(DECIDED);
        assertEquals(Optional.of(DECIDED), new StateFile(file).read());
        FailoverState undecided = new FailoverState(ONE, Optional.empty(), 0, Optional.empty());
        new StateFile(file).write(undecided);
        assertEquals(Optional.of(undecided), new StateFile(file).read());
    }

    @Test
    void noFileIsNoState() throws IOException {
        assertEquals(Optional.empty(), new StateFile(file).read());
    }

    /** An incomplete write leaves another file, which is not read. */
    @Test
    void whatWasNotCompletedCountsForNothing() throws IOException {
        new StateFile(file).write(DECIDED);
        Files.writeString(directory.resolve("state.new"), "half");
        assertEquals(Optional.of(DECIDED), new StateFile(file).read());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "format=1",
                "not a state",
                "format=99",
            })
    void aDamagedFileIsNotTakenForNoState(String content) throws IOException {
        Files.writeString(file, content);
        IOException refused = assertThrows(IOException.class, () -> new StateFile(file).read());
        assertTrue(String.valueOf(refused.getMessage()).contains(file.toString()), refused.getMessage());
    }

    @Test
    void eachLineIsNeeded() throws IOException {
        new StateFile(file).write(DECIDED);
        String whole = Files.readString(file);
        for (String line : whole.lines().filter(text -> text.contains("=")).toList()) {
            Files.writeString(file, whole.replace(line + "\n", ""));
            assertThrows(IOException.class, () -> new StateFile(file).read(), line);
        }
    }

    @Test
    void aFileThatIsFarTooLongIsRefused() throws IOException {
        Files.writeString(file, "#".repeat(100_000));
        assertThrows(IOException.class, () -> new StateFile(file).read());
    }
}
