package dev.pgproxy.master.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.loop.StillPoller;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SupervisorTest {

    private static final long MS = 1_000_000L;

    /** A process that does nothing by itself. */
    private final class PlayedProcess implements Processes.Running {
        private final ChildKind kind;
        private final int slot;
        private final long pid;
        private final Runnable whenExited;
        private @Nullable PlayedLink link;
        private boolean killed;
        private boolean terminated;

        private PlayedProcess(ChildKind kind, int slot, long pid, Runnable whenExited) {
            this.kind = kind;
            this.slot = slot;
            this.pid = pid;
            this.whenExited = whenExited;
        }

        @Override
        public long pid() {
            return pid;
        }

        @Override
        public int exitStatus() {
            return 137;
        }

        @Override
        public void terminate() {
            terminated = true;
        }

        @Override
        public void kill() {
            killed = true;
        }

        private PlayedLink sayHello() {
            return sayHello(protocol.hello(kind, slot, pid), pid);
        }

        private PlayedLink sayHello(UpkeepMessages.Hello hello, long truePid) {
            PlayedLink made = new PlayedLink(truePid);
            link = made;
            arrivals.accept(listener -> {
                made.listener = listener;
                return made;
            });
            made.say(hello);
            return made;
        }

        /** Closes its end of the link first, as the kernel does. */
        private void exit() {
            if (link != null && !link.closed) {
                link.listener.onClosed("closed by the peer", false);
            }
            running.remove(this);
            whenExited.run();
        }
    }

    private static final class PlayedLink implements Link {
        private final long pid;
        private final List<ControlMessage> sent = new ArrayList<>();
        private Listener listener;
        private @Nullable PermittedMessages permitted;
        private boolean closed;

        private PlayedLink(long pid) {
            this.pid = pid;
            this.listener = new Listener() {
                @Override
                public void onMessage(ControlMessage message) {}

                @Override
                public void onClosed(String reason, boolean brokenHere) {}
            };
        }

        private void say(ControlMessage message) {
            listener.onMessage(message);
        }

        @Override
        public void agree(int version, PermittedMessages next) {
            permitted = next;
        }

        @Override
        public void send(ControlMessage message) {
            sent.add(message);
        }

        @Override
        public boolean hasRoom() {
            return true;
        }

        @Override
        public boolean hear() {
            return true;
        }

        @Override
        public boolean isOf(long claimed) {
            return claimed == pid;
        }

        @Override
        public void close() {
            closed = true;
        }

        private UpkeepMessages.@Nullable Ping lastPing() {
            UpkeepMessages.Ping last = null;
            for (ControlMessage message : sent) {
                last = message instanceof UpkeepMessages.Ping ping ? ping : last;
            }
            return last;
        }
    }

    private final class PlayedProcesses implements Processes {
        @Override
        public Running start(ChildKind kind, int slot, ProxyConfig config, Runnable whenExited) throws IOException {
            if (noneCanStart) {
                throw new IOException("no memory (played)");
            }
            PlayedProcess process = new PlayedProcess(kind, slot, nextPid++, whenExited);
            running.add(process);
            return process;
        }

        @Override
        public void listen(ProxyConfig config, Consumer<Arrival> consumer) {
            arrivals = consumer;
        }

        @Override
        public void close() {}
    }

    private final Protocol protocol = new Protocol();
    private final List<PlayedProcess> running = new ArrayList<>();
    private final WorkerRegistry workers = new WorkerRegistry();
    private final List<String> gone = new ArrayList<>();
    private long nowNs = 77;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowNs);
    private Consumer<Processes.Arrival> arrivals = arrival -> {};
    private long nextPid = 100;
    private boolean noneCanStart;
    private boolean allStopped;
    private Supervisor supervisor;

    @BeforeEach
    void start() throws IOException {
        workers.listen(new WorkerRegistry.Listener() {
            @Override
            public void workerGone(Worker worker) {
                gone.add(worker.name());
            }
        });
        ProxyConfig config = TestConfig.of(
                "master = db:5432",
                "slaver_list =",
                "conninfo.user = postgres",
                "proxy_worker_num = 2",
                "worker_hang_timeout = 4");
        supervisor = new Supervisor(loop, new PlayedProcesses(), protocol, config, workers, new Supervisor.Listener() {
            @Override
            public void childLogged(Child child, UpkeepMessages.EventNoted event) {}

            @Override
            public void allStopped() {
                allStopped = true;
            }
        });
        supervisor.start(new NoDesks(supervisor));
    }

    /** Only the supervisor receives messages. */
    private record NoDesks(Supervisor upkeep) implements PlayedDesks {}

    private PlayedProcess process(ChildKind kind, int slot) {
        return running.stream()
                .filter(each -> each.kind == kind && each.slot == slot)
                .findFirst()
                .orElseThrow();
    }

    private void pass(long ms) {
        nowNs += ms * MS;
        loop.tick();
    }

    @Test
    void fillsEverySlotAndStartsTheAdminWorkerWhenItIsWanted() {
        assertEquals(3, running.size());
        supervisor.demandAdminWorker();
        supervisor.demandAdminWorker();
        assertEquals(4, running.size());
        PlayedLink link = process(ChildKind.POOL, 2).sayHello();
        assertEquals(List.of(new UpkeepMessages.Welcome(Protocol.NEWEST)), link.sent);
        assertEquals(PermittedMessages.FROM_POOL_WORKER, link.permitted);
        assertEquals(1, workers.poolWorkers().size());
        assertEquals("pool-2", workers.poolWorkers().get(0).name());
    }

    @Test
    void replacesAChildThatEnds() {
        PlayedProcess first = process(ChildKind.POOL, 1);
        first.sayHello();
        first.exit();
        assertEquals(List.of("pool-1"), gone);
        assertEquals(2, running.size());
        pass(ChildLifecycle.FIRST_PAUSE_MS);
        assertEquals(3, running.size());
        first.whenExited.run(); // A second report must not affect the next process.
        process(ChildKind.POOL, 1).sayHello();
        assertEquals(1, workers.poolWorkers().size());
    }

    @Test
    void triesAgainWhenNoProcessCanBeStarted() {
        noneCanStart = true;
        process(ChildKind.TASK, 1).exit();
        pass(ChildLifecycle.FIRST_PAUSE_MS);
        assertEquals(2, running.size());
        noneCanStart = false;
        pass(ChildLifecycle.LONGEST_PAUSE_MS);
        assertEquals(3, running.size());
        assertEquals(
                0,
                supervisor.children().stream()
                        .filter(child -> child.kind() == ChildKind.POOL)
                        .mapToInt(Child::restarts)
                        .sum());
    }

    @Test
    void refusesAProcessThatItDidNotStart() {
        PlayedProcess first = process(ChildKind.POOL, 1);
        PlayedLink stranger = first.sayHello(protocol.hello(ChildKind.POOL, 1, first.pid), 1);
        assertTrue(stranger.closed);
        assertEquals(List.of(), workers.all());
        assertFalse(first.killed);
        first.sayHello();
        assertEquals(1, workers.all().size());
    }

    @Test
    void endsAChildThatWasStartedFromOtherFiles() {
        PlayedProcess first = process(ChildKind.TASK, 1);
        UpkeepMessages.Hello own = protocol.hello(ChildKind.TASK, 1, first.pid);
        PlayedLink link = first.sayHello(
                new UpkeepMessages.Hello(
                        own.oldest(), own.newest(), own.layout() + 1, own.kind(), own.slot(), own.pid()),
                first.pid);
        assertTrue(link.closed);
        assertTrue(first.killed);
        assertNull(workers.taskWorker());
    }

    @Test
    void endsAChildThatDoesNotAnswer() {
        PlayedProcess deaf = process(ChildKind.POOL, 1);
        PlayedProcess healthy = process(ChildKind.POOL, 2);
        deaf.sayHello();
        PlayedLink link = healthy.sayHello();
        for (int i = 0; i < 10; i++) {
            pass(1_000);
            UpkeepMessages.Ping ping = link.lastPing();
            if (ping != null) {
                link.say(new UpkeepMessages.Pong(ping.sequence(), 0, 0));
            }
        }
        assertTrue(deaf.killed);
        assertFalse(healthy.killed);
    }

    @Test
    void endsAChildThatSaysNoHello() {
        PlayedProcess silent = process(ChildKind.POOL, 1);
        process(ChildKind.POOL, 2).sayHello();
        pass(30_000);
        assertTrue(silent.killed);
    }

    /** The clients of such a child are routed again at once, and must not be served twice. */
    @Test
    void endsAChildWhoseLinkBreaksHere() {
        PlayedProcess confused = process(ChildKind.POOL, 1);
        PlayedLink link = confused.sayHello();
        link.closed = true;
        link.listener.onClosed("protocol violation", true);
        assertTrue(confused.killed);
        assertEquals(List.of("pool-1"), gone);
    }

    @Test
    void asksAllToEndAndKillsThoseThatDoNot() {
        PlayedLink asked = process(ChildKind.POOL, 1).sayHello();
        PlayedProcess starting = process(ChildKind.TASK, 1);
        supervisor.stop(500, 700);
        assertTrue(asked.sent.contains(new UpkeepMessages.Shutdown(500)));
        assertTrue(starting.terminated);
        process(ChildKind.POOL, 1).exit();
        starting.exit();
        PlayedProcess late = process(ChildKind.POOL, 2);
        pass(700);
        assertTrue(late.killed);
        assertFalse(allStopped);
        late.exit();
        assertTrue(allStopped);
        pass(60_000);
        assertEquals(List.of(), running);
    }
}
