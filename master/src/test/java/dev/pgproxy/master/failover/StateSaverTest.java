package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.loop.StillPoller;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StateSaverTest {

    private static final FailoverState STATE = FailoverState.initial(
            new ProxyConfig.Servers(new Endpoint.Tcp("primary", 5432), Optional.empty(), List.of()));

    private final EventLoop loop = new EventLoop(new StillPoller(), () -> 0);
    private final Deque<Runnable> disk = new ArrayDeque<>();
    private boolean hasRoom = true;
    private boolean isBroken;
    private final List<FailoverState> written = new ArrayList<>();
    private final List<String> said = new ArrayList<>();
    private final StateSaver saver = new StateSaver(
            loop,
            this::write,
            new Background() {
                @Override
                public boolean run(Runnable task) {
                    return hasRoom && disk.add(task);
                }

                @Override
                public void close() {
                    hasRoom = false;
                }
            },
            save -> said.add("saved " + save.number()),
            (save, problem) -> said.add(save.number() + ": " + problem));

    private void write(FailoverState state) throws IOException {
        if (isBroken) {
            throw new IOException("No space left on device");
        }
        written.add(state);
    }

    private void save(long number) {
        saver.save(new Action.Save(number, STATE));
    }

    @Test
    void itIsSavedWhenTheDiskSaysSoAndTheLoopHearsIt() {
        save(1);
        assertEquals(List.of(), said);
        disk.remove().run();
        assertEquals(List.of(STATE), written);
        assertEquals(List.of(), said, "not on the disk's thread");
        loop.tick();
        assertEquals(List.of("saved 1"), said);
    }

    @Test
    void aDiskThatFailsIsSaid() {
        isBroken = true;
        save(1);
        disk.remove().run();
        loop.tick();
        assertEquals(1, said.size());
        assertTrue(said.get(0).startsWith("1: "), said::toString);
        assertTrue(said.get(0).contains("No space left on device"), said::toString);
    }

    @Test
    void aDiskThatHangsIsSaidAtOnce() {
        hasRoom = false;
        save(1);
        assertTrue(said.get(0).contains("too much waits for it already"), said::toString);
    }

    @Test
    void nothingIsSaidAfterTheEnd() {
        save(1);
        disk.remove().run();
        saver.close();
        loop.tick();
        save(2);
        assertEquals(List.of(), said);
        assertTrue(disk.isEmpty());
    }
}
