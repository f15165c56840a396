package dev.pgproxy.testkit.hostile;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Many clients that only want to obstruct. A client that is turned out reconnects. One thread drives all of them. */
public final class HostileCrowd implements AutoCloseable {

    /** How a client obstructs. */
    public enum Kind {
        /** Connects and sends nothing. */
        SILENT,
        /** Sends its startup packet byte by byte, and never all of it. */
        SLOW,
        /** Sends as large a startup packet as is allowed, and nothing more. */
        FAT,
        /** Knows a role, but not its password. */
        WRONG
    }

    private static final int TICK_MS = 10;
    /** Connections that may be opened in one tick: an attacker has only a part of this host's processors. */
    private static final int CONNECTS_PER_TICK = 10;

    private static final int SLOW_SHARE = 10;
    private static final int FAT_PARAMETERS = 248;
    private static final int FAT_VALUE_CHARS = 26;
    /** Each source address has a few tens of thousands of ports. */
    private static final int SOURCES = 50;

    private static final class Member {
        private final Kind kind;
        private final int number;
        private @Nullable SocketChannel channel;
        private int sent;

        private Member(Kind kind, int number) {
            this.kind = kind;
            this.number = number;
        }
    }

    private final InetSocketAddress target;
    private final byte[] wrong;
    private final List<Member> members = new ArrayList<>();
    private final Deque<Member> outside = new ArrayDeque<>();
    private final Selector selector;
    private final Thread thread;
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger turnedOut = new AtomicInteger();
    private volatile boolean leaving;

    /**
     * Connects at once, and keeps reconnecting until {@link #close}.
     *
     * @param port of 127.0.0.1
     * @param count number of clients
     * @param kinds assigned in turn
     * @param role whose name they know
     */
    public HostileCrowd(int port, int count, List<Kind> kinds, String role) throws IOException {
        this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        this.selector = Selector.open();
        this.wrong = concatenated(startup(role), scramGuess());
        for (int i = 0; i < count; i++) {
            members.add(new Member(kinds.get(i % kinds.size()), i));
        }
        outside.addAll(members);
        thread = new Thread(this::run, "hostile-crowd");
        thread.setDaemon(true);
        thread.start();
    }

    /** Connections that are open now. */
    public int inside() {
        return inside.get();
    }

    /** How often a client has been turned out so far. */
    public int turnedOut() {
        return turnedOut.get();
    }

    private static byte[] startup(String user) {
        return FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("user", user),
                        new StartupParameters.Parameter("database", "postgres")));
    }

    private static byte[] fat(int number) {
        List<StartupParameters.Parameter> parameters = new ArrayList<>();
        parameters.add(new StartupParameters.Parameter("user", "nobody" + number));
        parameters.add(new StartupParameters.Parameter("database", "postgres"));
        for (int i = 0; i < FAT_PARAMETERS; i++) {
            parameters.add(new StartupParameters.Parameter("fat.p" + i, "x".repeat(FAT_VALUE_CHARS)));
        }
        return FrontendMessage.startup(3 << 16, parameters);
    }

    /** SASLInitialResponse with a nonce, and a second message that does not fit the server's answer. */
    private static byte[] scramGuess() {
        byte[] first = "n,,n=,r=guess".getBytes(StandardCharsets.US_ASCII);
        byte[] mechanism = "SCRAM-SHA-256\0".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer body = ByteBuffer.allocate(mechanism.length + Integer.BYTES + first.length);
        body.put(mechanism).putInt(first.length).put(first);
        byte[] proof = "c=biws,r=guess,p=AAAA".getBytes(StandardCharsets.US_ASCII);
        return concatenated(
                FrontendMessage.wrap(FrontendMessage.PASSWORD, body.array()),
                FrontendMessage.wrap(FrontendMessage.PASSWORD, proof));
    }

    private static byte[] concatenated(byte[] a, byte[] b) {
        return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
    }

    private void run() {
        ByteBuffer scratch = ByteBuffer.allocate(4_096);
        int slowTurn = 0;
        try {
            while (!leaving) {
                selector.select(TICK_MS);
                for (SelectionKey key : selector.selectedKeys()) {
                    read((Member) key.attachment(), scratch);
                }
                selector.selectedKeys().clear();
                for (int i = 0; i < CONNECTS_PER_TICK && !outside.isEmpty(); i++) {
                    connect(outside.remove());
                }
                slowTurn = (slowTurn + 1) % SLOW_SHARE;
                for (int i = slowTurn; i < members.size(); i += SLOW_SHARE) {
                    say(members.get(i));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void connect(Member member) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.bind(new InetSocketAddress("127.0.0." + (2 + member.number % SOURCES), 0));
        try {
            channel.connect(target);
        } catch (IOException e) {
            channel.close();
            outside.add(member);
            return;
        }
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, member);
        member.channel = channel;
        member.sent = 0;
        inside.incrementAndGet();
        switch (member.kind) {
            case SILENT, SLOW -> {
                // sends nothing at once
            }
            case FAT -> write(member, ByteBuffer.wrap(fat(member.number)));
            case WRONG -> write(member, ByteBuffer.wrap(wrong));
        }
    }

    private void say(Member member) {
        byte[] packet = member.kind == Kind.SLOW && member.channel != null ? fat(member.number) : wrong;
        if (packet != wrong && member.sent < packet.length - 1) {
            write(member, ByteBuffer.wrap(packet, member.sent++, 1));
        }
    }

    private void read(Member member, ByteBuffer scratch) {
        SocketChannel channel = member.channel;
        if (channel == null) {
            return;
        }
        try {
            if (channel.read(scratch.clear()) < 0) {
                out(member);
            }
        } catch (IOException e) {
            out(member);
        }
    }

    private void write(Member member, ByteBuffer bytes) {
        SocketChannel channel = member.channel;
        if (channel == null) {
            return;
        }
        try {
            channel.write(bytes);
        } catch (IOException e) {
            out(member);
        }
    }

    private void out(Member member) {
        SocketChannel channel = member.channel;
        if (channel != null) {
            member.channel = null;
            inside.decrementAndGet();
            turnedOut.incrementAndGet();
            outside.add(member);
            closed(channel);
        }
    }

    private static void closed(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes all connections at once. */
    @Override
    public void close() throws IOException {
        leaving = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Member member : members) {
            if (member.channel != null) {
                closed(member.channel);
            }
        }
        selector.close();
    }
}
