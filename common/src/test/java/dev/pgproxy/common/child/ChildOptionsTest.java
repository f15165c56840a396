package dev.pgproxy.common.child;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.config.ProxyConfig;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChildOptionsTest {

    @Test
    void aChildReadsWhatTheMasterWrote() {
        ChildOptions withFile = new ChildOptions(
                Path.of("/run/ipc/control.sock"),
                3,
                ProxyConfig.LogLevel.DEBUG,
                Optional.of(Path.of("/var/log/pgproxy")));
        ChildOptions without =
                new ChildOptions(Path.of("with a space"), 1, ProxyConfig.LogLevel.INFO, Optional.empty());
        for (ChildOptions each : new ChildOptions[] {withFile, without}) {
            assertEquals(each, ChildOptions.parse(each.commandLine().toArray(String[]::new)));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--help",
                "--socket s --slot 1",
                "--slot 1 --log-level INFO",
                "--socket s --slot one --log-level INFO",
                "--socket s --slot 1 --log-level LOUD",
                "--socket s --slot 1 --log-level INFO --log-file",
                "--socket s --slot 1 --log-level INFO --color never",
                "--socket s --slot 1 --log-level INFO --slot 2"
            })
    void otherArgumentsAreRefused(String line) {
        assertThrows(IllegalArgumentException.class, () -> ChildOptions.parse(line.split(" ")));
    }
}
