package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.snapshot.SnapshotSource;
import dev.pgproxy.adminworker.sql.Engines;
import dev.pgproxy.adminworker.sql.Running;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.AdminSettings;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.testkit.loop.StillPoller;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What sessions share: real engines, and a master that only records its messages. */
final class PlayedServices implements Services, AutoCloseable {

    private static final long LONGEST_WAIT_S = 60;

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final BlockingQueue<Runnable> posted = new LinkedBlockingQueue<>();
    private final List<ControlMessage> toMaster = new ArrayList<>();
    private final ProxyConfig.AdminDatabase database =
            new ProxyConfig.AdminDatabase("secret", Optional.empty(), 20, Duration.ofSeconds(10), Duration.ZERO);
    private final Engines engines = new Engines();
    private final SnapshotSource snapshots = new SnapshotSource(loop, toMaster::add, new Counters());
    private final Commands commands = new Commands(toMaster::add);
    private final Passwords passwords = new Passwords(database);
    private final LoginGuard guard = new LoginGuard();
    private final LingeringClose lingering = new LingeringClose(loop.scheduler());
    private long memoryBytes = Long.MAX_VALUE;

    /** The messages to the master. */
    List<ControlMessage> toMaster() {
        return toMaster;
    }

    /** Limits what may be kept to this. */
    void memory(long bytes) {
        memoryBytes = bytes;
    }

    /** Waits for an engine to post a task, and runs it. */
    void runPosted() {
        try {
            Runnable task = posted.poll(LONGEST_WAIT_S, TimeUnit.SECONDS);
            if (task == null) {
                throw new AssertionError("no engine has answered");
            }
            task.run();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    void pass(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public ByteBuffer scratch() {
        return ByteBuffer.allocateDirect(1024);
    }

    @Override
    public LingeringClose lingering() {
        return lingering;
    }

    @Override
    public void faulted() {
        throw new AssertionError("a fault");
    }

    @Override
    public AdminSettings settings() {
        return new AdminSettings(database, 1_000, "test", 0);
    }

    @Override
    public Passwords passwords() {
        return passwords;
    }

    @Override
    public Engines engines() {
        return engines;
    }

    @Override
    public SnapshotSource snapshots() {
        return snapshots;
    }

    @Override
    public Commands commands() {
        return commands;
    }

    @Override
    public void post(Runnable task) {
        posted.add(task);
    }

    @Override
    public void statementBegins(Running running) {}

    @Override
    public void statementEnds(Running running) {}

    @Override
    public void watchStop(Running running, Asker asker) {}

    @Override
    public long readersWaitMs() {
        return 0;
    }

    @Override
    public LoginGuard guard() {
        return guard;
    }

    @Override
    public boolean hasRoom(boolean mayAct, String neighbour) {
        return true;
    }

    @Override
    public boolean hasRoomFor(long bytes, boolean mayAct) {
        return bytes <= memoryBytes;
    }

    @Override
    public int pid() {
        return 77;
    }

    @Override
    public void close() {
        engines.close();
    }
}
