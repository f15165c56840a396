package dev.pgproxy.common.io;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Poller;
import dev.pgproxy.common.loop.ReadyHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Level-triggered epoll. Each registration has a slot and a generation, which travel in the event's data: an event for a
 * descriptor that was closed earlier in the same batch, and whose number may already belong to another, is recognised and dropped.
 */
public final class EpollPoller implements Poller, AutoCloseable {

    /**
     * Handled in one poll. Epoll reports the others in the next one, in turn, but the one that goes first is read before them, if it was not
     * just now: so a busy process answers its master, even where the host leaves it little CPU.
     */
    static final int EVENTS_PER_POLL = 32;

    /** How often the one that goes first is read out of turn while poll after poll is full; to find nothing there costs a system call. */
    static final long FIRST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(5);

    private static final int WAKE_UP_BYTES = 8;

    // struct epoll_event is packed on x86-64 only: 4 bytes events, 8 bytes data.
    private static final boolean PACKED = "amd64".equals(System.getProperty("os.arch"));
    private static final int EVENT_BYTES = PACKED ? 12 : 16;
    private static final int DATA_OFFSET = PACKED ? 4 : 8;

    private final OwnedFd epollFd;
    private final OwnedFd wakeUpFd;
    private final ByteBuffer events = Libc.allocate(EVENT_BYTES * EVENTS_PER_POLL);
    private final long eventsAddress = Libc.address(events);
    private final ByteBuffer change = Libc.allocate(EVENT_BYTES);
    private final long changeAddress = Libc.address(change);
    private final ByteBuffer counter = Libc.allocate(WAKE_UP_BYTES);
    private final long counterAddress = Libc.address(counter);
    private final ByteBuffer one = Libc.allocate(WAKE_UP_BYTES).putLong(0, 1);
    private final long oneAddress = Libc.address(one);
    private final BufferAddress lastBuffer = new BufferAddress();

    private @Nullable Registration[] slots = new @Nullable Registration[64];
    private int[] freeSlots = new int[64];
    private int freeCount;
    private int usedSlots;
    private int nextGeneration;
    private @Nullable Registration first;
    private final Clock clock;
    private long firstReadNs;

    /** One descriptor's place in the poller. The descriptor belongs to the caller, which closes this first. */
    public final class Registration {
        private final int fd;
        private final int slot;
        private final int generation;
        private ReadyHandler handler;
        private int interest = Interest.NONE;
        private boolean open = true;

        private Registration(int fd, int slot, int generation, ReadyHandler handler) {
            this.fd = fd;
            this.slot = slot;
            this.generation = generation;
            this.handler = handler;
        }

        /** The address of a direct buffer's first byte. */
        long addressOf(ByteBuffer direct) {
            return lastBuffer.of(direct);
        }

        void handler(ReadyHandler newHandler) {
            handler = newHandler;
        }

        /** Without interest the descriptor is removed, since epoll reports a broken connection even when nothing is asked for. */
        public void interest(int newInterest) {
            if (open && newInterest != interest) {
                int operation = interest == Interest.NONE
                        ? Libc.EPOLL_CTL_ADD
                        : newInterest == Interest.NONE ? Libc.EPOLL_CTL_DEL : Libc.EPOLL_CTL_MOD;
                interest = newInterest;
                control(operation, this);
            }
        }

        /**
         * From now on this one is read before all others when more may be ready than one poll handles, unless it just was. Its handler is
         * called then even if there is nothing to read.
         */
        void goFirst() {
            first = this;
        }

        public void close() {
            if (open) {
                interest(Interest.NONE);
                open = false;
                first = first == this ? null : first;
                release(slot);
            }
        }
    }

    /** @throws IOException when the kernel provides no epoll or event descriptor */
    public EpollPoller() throws IOException {
        this(System::nanoTime);
    }

    EpollPoller(Clock clock) throws IOException {
        this.clock = clock;
        this.firstReadNs = clock.nanoTime() - FIRST_PAUSE_NS;
        epollFd = checked(Libc.epoll_create1(Libc.EPOLL_CLOEXEC), "could not create an epoll descriptor");
        OwnedFd wakeUp = null;
        try {
            wakeUp = checked(
                    Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK), "could not create an event descriptor");
            register(wakeUp.number(), Interest.READ, ready -> drainWakeUps());
        } catch (IOException | RuntimeException e) {
            epollFd.close();
            if (wakeUp != null) {
                wakeUp.close();
            }
            throw e;
        }
        wakeUpFd = wakeUp;
    }

    private static OwnedFd checked(int fd, String what) throws LibcException {
        if (fd < 0) {
            throw LibcException.last(what);
        }
        return new OwnedFd(fd);
    }

    Registration register(int fd, int interest, ReadyHandler handler) {
        int slot = takeSlot();
        Registration registration = new Registration(fd, slot, nextGeneration++, handler);
        slots[slot] = registration;
        registration.interest(interest);
        return registration;
    }

    private void control(int operation, Registration registration) {
        int bits = (registration.interest & Interest.READ) != 0 ? Libc.EPOLLIN : 0;
        bits |= (registration.interest & Interest.WRITE) != 0 ? Libc.EPOLLOUT : 0;
        bits |= (registration.interest & Interest.HANGUP) != 0 ? Libc.EPOLLRDHUP : 0;
        change.putInt(0, bits);
        change.putLong(DATA_OFFSET, ((long) registration.generation << 32) | registration.slot);
        if (Libc.epoll_ctl(epollFd.number(), operation, registration.fd, changeAddress) != 0) {
            // Fails only for a descriptor that is no longer ours, or without kernel memory: we cannot continue then.
            throw new IllegalStateException("epoll_ctl operation " + operation + ": " + Libc.strerror(Libc.errno()));
        }
    }

    private int takeSlot() {
        if (freeCount > 0) {
            return freeSlots[--freeCount];
        }
        if (usedSlots == slots.length) {
            slots = java.util.Arrays.copyOf(slots, slots.length * 2);
            freeSlots = java.util.Arrays.copyOf(freeSlots, freeSlots.length * 2);
        }
        return usedSlots++;
    }

    private void release(int slot) {
        slots[slot] = null;
        freeSlots[freeCount++] = slot;
    }

    @Override
    public long poll(long timeoutNs) {
        long beforeNs = clock.nanoTime();
        int count = Libc.epoll_wait(epollFd.number(), eventsAddress, EVENTS_PER_POLL, timeoutMs(timeoutNs));
        long waitedNs = clock.nanoTime() - beforeNs;
        if (count < 0) {
            if (Libc.errno() == Libc.EINTR) {
                return waitedNs;
            }
            throw new IllegalStateException("epoll_wait: " + Libc.strerror(Libc.errno()));
        }
        if (count == EVENTS_PER_POLL) {
            readFirst();
        }
        for (int i = 0; i < count; i++) {
            int bits = events.getInt(i * EVENT_BYTES);
            long data = events.getLong(i * EVENT_BYTES + DATA_OFFSET);
            Registration registration = slots[(int) data];
            if (registration != null && registration.generation == (int) (data >>> 32)) {
                registration.handler.ready(readyBits(bits));
            }
        }
        return waitedNs;
    }

    private void readFirst() {
        Registration goes = first;
        if (goes == null || (goes.interest & Interest.READ) == 0) {
            return;
        }
        long nowNs = clock.nanoTime();
        if (nowNs - firstReadNs >= FIRST_PAUSE_NS) {
            firstReadNs = nowNs;
            goes.handler.ready(Interest.READ);
        }
    }

    /** Rounds up, since waking a fraction of a millisecond before a timer is due would spin until it is. */
    private static int timeoutMs(long timeoutNs) {
        return timeoutNs < 0
                ? -1
                : (int) Math.min(
                        Integer.MAX_VALUE,
                        TimeUnit.NANOSECONDS.toMillis(timeoutNs + TimeUnit.MILLISECONDS.toNanos(1) - 1));
    }

    private static int readyBits(int bits) {
        int ready = (bits & Libc.EPOLLIN) != 0 ? Interest.READ : Interest.NONE;
        ready |= (bits & Libc.EPOLLOUT) != 0 ? Interest.WRITE : Interest.NONE;
        ready |= (bits & (Libc.EPOLLHUP | Libc.EPOLLERR | Libc.EPOLLRDHUP)) != 0 ? Interest.HANGUP : Interest.NONE;
        return ready;
    }

    @Override
    public void wakeUp() {
        // A full counter means that a wake-up is pending anyway, so the result does not matter.
        Libc.write(wakeUpFd.number(), oneAddress, WAKE_UP_BYTES);
    }

    private void drainWakeUps() {
        Libc.read(wakeUpFd.number(), counterAddress, WAKE_UP_BYTES);
    }

    @Override
    public void close() {
        wakeUpFd.close();
        epollFd.close();
    }
}
