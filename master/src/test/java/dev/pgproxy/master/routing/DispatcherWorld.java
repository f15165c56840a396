package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.io.AcceptQueue;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Poller;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Dispatcher} with everything around it: clients on real connections, and simulated workers. One seed is one course of events.
 * Each step is one event: a worker takes a message, the master receives one, a client continues, or time passes.
 */
final class DispatcherWorld implements AutoCloseable {

    /** How a client behaves. */
    enum Nature {
        /** Proves who it is, and leaves after a while. */
        KNOWN,
        /** Does not know its password. */
        WRONG,
        /** Sends nothing after its startup packet. */
        SILENT
    }

    private static final long MEMORY_BYTES = Long.MAX_VALUE / 2;
    private static final int MOST_STEPS = 500_000;
    private static final int LONGEST_PAUSE_MS = 20;
    /** Time per step when only timeouts can happen. */
    private static final long QUIET_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Steps between two checks for refused clients, each of which reads from the socket of every client. */
    private static final int LOOKS_EVERY = 10;

    private enum Stage {
        AT_MASTER,
        ASKED,
        WANTS_PLACE,
        AT_SERVER,
        IN,
        GONE
    }

    private static final class Person {
        private final long id;
        private final String user;
        private final Nature nature;
        private final SocketChannel far;
        private Stage stage = Stage.AT_MASTER;
        private @Nullable PlayedBackend backend;
        private long deadlineNs;

        private Person(long id, String user, Nature nature, SocketChannel far) {
            this.id = id;
            this.user = user;
            this.nature = nature;
            this.far = far;
        }
    }

    private static final class PlayedBackend {
        private final long id;
        private final String user;
        private boolean closing;
        private @Nullable Person holder;

        private PlayedBackend(long id, String user) {
            this.id = id;
            this.user = user;
        }
    }

    private final Random random;
    private final ProxyConfig.Limits limits;
    private final EpollPoller epoll;
    private final EventLoop loop;
    private final OwnedFd listener;
    private final InetSocketAddress address;
    private final WorkerRegistry registry = new WorkerRegistry();
    private final Dispatcher dispatcher;
    private final Map<Long, Person> persons = new TreeMap<>();
    private final List<PlayedWorker> workers = new ArrayList<>();
    private long nowNs;
    private long nextClient = 1;
    private long nextBackend = 1;
    private int opened;
    private int served;
    private int knownRefused;
    private int lost;
    private int stepsDone;
    private boolean timeStands;
    private boolean memoryFull;

    DispatcherWorld(int seed, ProxyConfig config) throws IOException {
        this.random = new Random(seed);
        this.limits = config.limits();
        this.nowNs = random.nextLong();
        this.epoll = new EpollPoller();
        this.loop = new EventLoop(
                new Poller() {
                    @Override
                    public long poll(long timeoutNs) {
                        return epoll.poll(0);
                    }

                    @Override
                    public void wakeUp() {
                        epoll.wakeUp();
                    }
                },
                () -> nowNs);
        this.listener = TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        this.address = TcpSockets.localAddress(listener);
        Counters counters = new Counters();
        Refusals refusals = new Refusals(loop.clock(), new LingeringClose(loop.scheduler()), counters);
        ClientMemory memory = new ClientMemory(loop.clock(), MEMORY_BYTES);
        memory.add(new OthersMemory());
        this.dispatcher = new Dispatcher(
                loop,
                config,
                refusals,
                memory,
                registry,
                new RoleMemory(loop.clock(), 0),
                new OwnUser("pgproxy", 1),
                descriptor -> SocketTransport.of(descriptor, epoll),
                1_000,
                server -> {},
                counters);
    }

    /** The memory of clients whose packet is not complete. */
    private final class OthersMemory implements ClientMemory.Holder {
        @Override
        public long heldBytes() {
            return memoryFull ? MEMORY_BYTES : 0;
        }

        @Override
        public int clientCount() {
            return 0;
        }
    }

    void startWorkers(int count) {
        for (int slot = 1; slot <= count; slot++) {
            start(slot);
        }
    }

    private void start(int slot) {
        PlayedWorker worker = new PlayedWorker(slot);
        workers.add(worker);
        registry.ready(worker);
    }

    /** A worker dies with all that it holds, and a new one takes its slot. */
    void replaceWorker() {
        PlayedWorker dead = workers.remove(random.nextInt(workers.size()));
        while (!dead.outbox.isEmpty()) {
            dead.tellMaster(); // What a process has sent still arrives.
        }
        for (Person person : dead.persons.values()) {
            boolean isStillTheMasters = !dead.acknowledged.contains(person.id);
            if (isStillTheMasters) {
                person.stage = Stage.AT_MASTER;
                person.backend = null;
            } else if (person.stage != Stage.GONE) {
                lost += person.nature == Nature.KNOWN && person.stage != Stage.IN ? 1 : 0;
                gone(person);
            }
        }
        registry.gone(dead);
        start(dead.slot);
    }

    /** A client on this host connects, and its startup packet has arrived. */
    void arrive(String user, Nature nature) throws IOException {
        arrive(user, nature, "127.0.0.1");
    }

    private AcceptQueue.Accepted accept() throws IOException {
        AcceptQueue.Accepted accepted = new AcceptQueue(listener).accept();
        while (accepted == null) {
            accepted = new AcceptQueue(listener).accept();
        }
        return accepted;
    }

    private static byte[] startupPacket(String user) {
        return FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("user", user),
                        new StartupParameters.Parameter("database", "shop")));
    }

    /**
     * A worker gives back a parked client, whose server is replaced.
     *
     * @return what the parked client is sent; empty when it is sent nothing
     */
    String park(boolean whenMemoryIsFull) throws IOException {
        memoryFull = whenMemoryIsFull;
        try (SocketChannel far = SocketChannel.open(address)) {
            dispatcher
                    .sessions()
                    .onSessionParked(
                            workers.get(0),
                            new SessionMessages.SessionParked(
                                    nextClient++,
                                    new ClientOrigin(new Peer.Tcp("127.0.0.1", 1), 0),
                                    0,
                                    startupPacket("app"),
                                    new Resumption(1, new byte[4], Map.of(), Map.of(), new byte[0]),
                                    accept().fd()));
            ByteBuffer words = ByteBuffer.allocate(1_000);
            far.configureBlocking(dispatcher.clientCount() == 0);
            far.read(words);
            return new String(words.array(), 0, words.position(), StandardCharsets.UTF_8);
        }
    }

    /** @param ip where the client seems to come from */
    void arrive(String user, Nature nature, String ip) throws IOException {
        SocketChannel far = SocketChannel.open(address);
        AcceptQueue.Accepted accepted = accept();
        far.configureBlocking(false);
        byte[] packet = startupPacket(user);
        Person person = new Person(nextClient++, user, nature, far);
        persons.put(person.id, person);
        try {
            dispatcher.submit(new Client(
                    person.id,
                    new SocketTransport(accepted.fd(), epoll),
                    new Peer.Tcp(ip, accepted.peer().port()),
                    (StartupPacket.Startup) StartupPacketDecoder.decode(packet),
                    0));
        } catch (ProtocolViolation e) {
            throw new IllegalStateException(e);
        }
    }

    /** Stops the clock: from now on, a client that waits for time to pass waits for ever. */
    void stopTime() {
        timeStands = true;
    }

    int steps() {
        return stepsDone;
    }

    /** Clients in any stage. */
    int present() {
        return persons.size();
    }

    /** Those of them that know their password. */
    long knownPresent() {
        return persons.values().stream()
                .filter(person -> person.nature == Nature.KNOWN)
                .count();
    }

    /** Connections to the server that are open now. */
    int backends() {
        return workers.stream().mapToInt(worker -> worker.backends.size()).sum();
    }

    int served() {
        return served;
    }

    int backendsOpened() {
        return opened;
    }

    /** Clients that know their password and were refused. */
    int knownRefused() {
        return knownRefused;
    }

    /** Clients that know their password and were lost with their worker. */
    int lostWithWorker() {
        return lost;
    }

    /** Continues until no client is left. */
    void finish() throws IOException {
        for (int steps = 0; !persons.isEmpty(); steps++) {
            assertTrue(steps < MOST_STEPS, () -> "still there: " + describe(persons.values()));
            boolean isQuiet = persons.values().stream().allMatch(person -> person.nature == Nature.SILENT);
            nowNs += isQuiet ? QUIET_PAUSE_NS : 0;
            step();
        }
        while (workers.stream().anyMatch(worker -> !worker.outbox.isEmpty() || !worker.inbox.isEmpty())) {
            step();
        }
        assertEquals(0, dispatcher.clientCount());
        assertEquals(List.of(), dispatcher.waitingClients());
    }

    private static String describe(Collection<Person> left) {
        return left.stream()
                .map(person -> person.id + " " + person.user + " " + person.nature + " " + person.stage)
                .toList()
                .toString();
    }

    void step() throws IOException {
        switch (random.nextInt(4)) {
            case 0 -> nowNs += timeStands ? 0 : TimeUnit.MILLISECONDS.toNanos(random.nextInt(LONGEST_PAUSE_MS));
            case 1 -> anyWorker().takeMessage();
            case 2 -> anyWorker().tellMaster();
            default -> anyWorker().letSomebodyGoOn();
        }
        loop.tick();
        if (++stepsDone % LOOKS_EVERY == 0) {
            seeWhoWasRefused();
        }
        List<PlayedBackend> backends = workers.stream()
                .flatMap(worker -> worker.backends.values().stream())
                .toList();
        assertTrue(
                limits.serverConnections() == 0 || backends.size() <= limits.serverConnections(),
                backends.size() + " connections");
        limits.ofUser().forEach((user, most) -> {
            long ofUser =
                    backends.stream().filter(each -> each.user.equals(user)).count();
            assertTrue(ofUser <= most, ofUser + " connections of " + user);
        });
        int clients = dispatcher.clientCount();
        assertTrue(clients <= limits.clientConnections(), clients + " clients");
    }

    private PlayedWorker anyWorker() {
        return workers.get(random.nextInt(workers.size()));
    }

    private void seeWhoWasRefused() throws IOException {
        ByteBuffer words = ByteBuffer.allocate(512);
        for (Person person : List.copyOf(persons.values())) {
            if (person.stage == Stage.AT_MASTER && person.far.read(words.clear()) != 0) {
                refused(person);
            }
        }
    }

    private void refused(Person person) {
        knownRefused += person.nature == Nature.KNOWN ? 1 : 0;
        gone(person);
    }

    private void gone(Person person) {
        person.stage = Stage.GONE;
        persons.remove(person.id);
        try {
            person.far.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (Person person : List.copyOf(persons.values())) {
            gone(person);
        }
        listener.close();
        epoll.close();
    }

    /** A worker that does one thing at a time, and whose messages take a while to arrive. */
    private final class PlayedWorker implements Worker {

        private final int slot;
        private final Deque<ControlMessage> inbox = new ArrayDeque<>();
        private final Deque<Runnable> outbox = new ArrayDeque<>();
        private final Map<Long, Person> persons = new TreeMap<>();
        private final List<Long> acknowledged = new ArrayList<>();
        private final Map<Long, PlayedBackend> backends = new TreeMap<>();
        private final Map<Long, Person> reservedClosing = new HashMap<>();

        private PlayedWorker(int slot) {
            this.slot = slot;
        }

        @Override
        public ChildKind kind() {
            return ChildKind.POOL;
        }

        @Override
        public long pid() {
            return slot;
        }

        @Override
        public int slot() {
            return slot;
        }

        @Override
        public String name() {
            return "pool-" + slot;
        }

        @Override
        public boolean hear() {
            return true;
        }

        @Override
        public boolean hasRoom() {
            return true;
        }

        @Override
        public void send(ControlMessage message) {
            if (message instanceof SessionMessages.AssignSession assign) {
                assign.client().close(); // The far end tracks the client's stage.
                Person person = DispatcherWorld.this.persons.get(assign.sessionId());
                if (person != null) {
                    persons.put(person.id, person);
                }
            }
            inbox.add(message);
        }

        private void takeMessage() {
            ControlMessage message = inbox.poll();
            if (message instanceof SessionMessages.AssignSession assign) {
                takeOver(assign);
            } else if (message instanceof PlaceMessages.PlaceGiven given) {
                place(given);
            } else if (message instanceof PlaceMessages.PlaceRefused refusal) {
                Person person = persons.get(refusal.sessionId());
                if (person != null && person.stage != Stage.IN && person.stage != Stage.GONE) {
                    refused(person);
                    leaves(person, false);
                }
            } else if (message instanceof BackendMessages.EvictBackend evict) {
                PlayedBackend backend = backends.get(evict.backendId());
                if (backend != null && backend.holder == null && !backend.closing) {
                    backend.closing = true;
                    outbox.add(() -> dispatcher
                            .backends()
                            .onBackendClosing(this, new BackendMessages.BackendClosing(backend.id)));
                }
            }
        }

        private void takeOver(SessionMessages.AssignSession assign) {
            Person person = persons.get(assign.sessionId());
            if (person == null) {
                return;
            }
            person.deadlineNs = nowNs + TimeUnit.MILLISECONDS.toNanos(assign.loginTimeLeftMs());
            if (assign.askFirst() != AuthenticationMethod.OTHER) {
                person.stage = Stage.ASKED;
                accepted(person, 0);
                return;
            }
            choose(person, assign.expectedBackendId(), true);
        }

        private void accepted(Person person, long backend) {
            outbox.add(() -> {
                acknowledged.add(person.id);
                dispatcher.sessions().onSessionAccepted(this, new SessionMessages.SessionAccepted(person.id, backend));
            });
        }

        private void place(PlaceMessages.PlaceGiven given) {
            Person person = persons.get(given.sessionId());
            if (person != null && person.stage == Stage.WANTS_PLACE) {
                person.deadlineNs = nowNs + TimeUnit.MILLISECONDS.toNanos(given.mostMs());
                choose(person, given.expectedBackendId(), person.nature == Nature.KNOWN);
            }
        }

        private void choose(Person person, long expected, boolean mayHaveIdle) {
            person.stage = Stage.AT_SERVER;
            PlayedBackend chosen = backends.values().stream()
                    .filter(each ->
                            mayHaveIdle && each.holder == null && !each.closing && each.user.equals(person.user))
                    .findFirst()
                    .orElse(null);
            PlayedBackend promised = backends.get(expected);
            if (chosen == null && promised != null && promised.closing && !reservedClosing.containsKey(expected)) {
                reservedClosing.put(expected, person);
                accepted(person, expected);
                outbox.add(() ->
                        dispatcher.backends().onBackendClosing(this, new BackendMessages.BackendClosing(expected)));
                return;
            }
            if (chosen == null) {
                chosen = open(person);
            }
            chosen.holder = person;
            person.backend = chosen;
            accepted(person, chosen.id);
        }

        private PlayedBackend open(Person person) {
            PlayedBackend fresh = new PlayedBackend(nextBackend++, person.user);
            backends.put(fresh.id, fresh);
            opened++;
            return fresh;
        }

        private void tellMaster() {
            Runnable message = outbox.poll();
            if (message != null) {
                message.run();
            }
        }

        private void letSomebodyGoOn() {
            List<PlayedBackend> closing =
                    backends.values().stream().filter(each -> each.closing).toList();
            if (!closing.isEmpty() && random.nextBoolean()) {
                closed(closing.get(random.nextInt(closing.size())));
                return;
            }
            List<Person> here = List.copyOf(persons.values());
            if (!here.isEmpty()) {
                goOn(here.get(random.nextInt(here.size())));
            }
        }

        private void closed(PlayedBackend backend) {
            backends.remove(backend.id);
            Person next = reservedClosing.remove(backend.id);
            outbox.add(() -> dispatcher.backends().onBackendGone(this, new BackendMessages.BackendGone(backend.id)));
            if (next != null && next.stage == Stage.AT_SERVER) {
                PlayedBackend fresh = open(next);
                fresh.holder = next;
                next.backend = fresh;
                accepted(next, fresh.id);
            }
        }

        private void goOn(Person person) {
            switch (person.stage) {
                case ASKED -> {
                    if (person.nature != Nature.SILENT) {
                        person.stage = Stage.WANTS_PLACE;
                        boolean proved = person.nature == Nature.KNOWN;
                        outbox.add(() -> dispatcher
                                .sessions()
                                .onPlaceWanted(this, new PlaceMessages.PlaceWanted(person.id, proved, new byte[0])));
                    } else if (nowNs - person.deadlineNs > 0) {
                        timedOut(person);
                    }
                }
                case AT_SERVER -> {
                    PlayedBackend backend = person.backend;
                    if (backend == null || (person.nature == Nature.SILENT && nowNs - person.deadlineNs < 0)) {
                        return;
                    }
                    if (person.nature == Nature.KNOWN) {
                        person.stage = Stage.IN;
                        served++;
                        outbox.add(() -> dispatcher
                                .sessions()
                                .onSessionOpened(
                                        this,
                                        new SessionMessages.SessionOpened(
                                                person.id, backend.id, AuthenticationMethod.SCRAM_SHA_256)));
                    } else {
                        timedOut(person);
                    }
                }
                case IN -> {
                    PlayedBackend used = person.backend;
                    if (used == null) {
                        throw new IllegalStateException("in without a backend");
                    }
                    outbox.add(() -> dispatcher
                            .backends()
                            .onBackendResetting(this, new BackendMessages.BackendResetting(used.id)));
                    gone(person);
                    leaves(person, true);
                    outbox.add(
                            () -> dispatcher.backends().onBackendIdle(this, new BackendMessages.BackendIdle(used.id)));
                    used.holder = null;
                }
                case WANTS_PLACE, AT_MASTER, GONE -> {
                    // not this client's turn
                }
            }
        }

        private void timedOut(Person person) {
            gone(person);
            leaves(person, false);
        }

        /** @param backendStays whether its backend is kept for others */
        private void leaves(Person person, boolean backendStays) {
            persons.remove(person.id);
            reservedClosing.values().remove(person);
            outbox.add(() -> dispatcher.sessions().onSessionClosed(this, new SessionMessages.SessionClosed(person.id)));
            PlayedBackend backend = person.backend;
            if (backend != null && !backendStays) {
                backends.remove(backend.id);
                outbox.add(
                        () -> dispatcher.backends().onBackendGone(this, new BackendMessages.BackendGone(backend.id)));
            }
        }
    }
}
