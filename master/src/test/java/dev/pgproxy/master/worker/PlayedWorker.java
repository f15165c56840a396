package dev.pgproxy.master.worker;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A worker that only records what it is sent. */
public final class PlayedWorker implements Worker {

    private final ChildKind kind;
    private final int slot;
    private final List<ControlMessage> received = new ArrayList<>();
    private boolean hasRoom = true;
    private Runnable heard = () -> {};

    public PlayedWorker(ChildKind kind, int slot) {
        this.kind = kind;
        this.slot = slot;
    }

    @Override
    public ChildKind kind() {
        return kind;
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public long pid() {
        return 1_000L + slot;
    }

    @Override
    public String name() {
        return kind == ChildKind.POOL ? "pool-" + slot : kind.label();
    }

    @Override
    public void send(ControlMessage message) {
        received.add(message);
    }

    @Override
    public boolean hear() {
        heard.run();
        return true;
    }

    /** Sets what it has sent and the master has not read. */
    public void says(Runnable unread) {
        heard = unread;
    }

    @Override
    public boolean hasRoom() {
        return hasRoom;
    }

    /** Sets whether it keeps up with what it is sent. */
    public void hasRoom(boolean keepsUp) {
        hasRoom = keepsUp;
    }

    /** All that it was sent. */
    public List<ControlMessage> received() {
        return received;
    }

    /** All messages of this type that it was sent. */
    public <M extends ControlMessage> List<M> received(Class<M> type) {
        return received.stream().filter(type::isInstance).map(type::cast).collect(Collectors.toList());
    }
}
