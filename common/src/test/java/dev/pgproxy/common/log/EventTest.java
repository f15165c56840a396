package dev.pgproxy.common.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class EventTest {

    @Test
    void writesPlainValuesPlainly() {
        assertEquals(
                "event=child_exit kind=pool slot=2 pid=812",
                Event.of("child_exit")
                        .with("kind", "pool")
                        .with("slot", 2)
                        .with("pid", 812L)
                        .toString());
    }

    @Test
    void clientsCannotForgeALine() {
        assertEquals(
                "event=login user=\"a\\u000aevent=forged \\\"x\\\"\" empty=\"\"",
                Event.of("login")
                        .with("user", "a\nevent=forged \"x\"")
                        .with("empty", "")
                        .toString());
    }
}
