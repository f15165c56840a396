package dev.pgproxy.common.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.ipc.AlertMessages;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ControlFrameTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("db.example.com", 5432);
    private static final int SAMPLES = 100;

    /** The largest one allowed. */
    private static final Resumption LARGEST = new Resumption(
            1,
            new byte[256],
            Map.of("server_version", "18"),
            Map.of("search_path", "\u00e9".repeat(2_254)),
            new byte[32]);

    private final Protocol protocol = new Protocol();
    private final Queue<Descriptor> onTheWay = new ArrayDeque<>();
    private final ControlFrame frames = new ControlFrame(protocol, onTheWay);

    private ByteBuffer encode(ControlMessage message) throws ControlViolation {
        ByteBuffer bytes = ByteBuffer.allocate(ControlFrame.MAX_FRAME_BYTES);
        onTheWay.addAll(frames.encode(message, bytes));
        return bytes.flip();
    }

    private ControlMessage decode(ByteBuffer bytes) throws ControlViolation {
        ControlMessage message = frames.decodeNext(bytes);
        assertNotNull(message);
        return message;
    }

    @Test
    void everyMessageComesBackAsItWas() throws ControlViolation {
        for (Class<?> type : protocol.messages()) {
            for (int seed = 0; seed < SAMPLES; seed++) {
                ByteBuffer frame = encode(new Samples(seed).of(type));
                ControlMessage decoded = decode(frame.duplicate());
                assertEquals(0, onTheWay.size());
                assertEquals(type, decoded.getClass());
                assertEquals(frame, encode(decoded), "seed=" + seed + " " + decoded);
                onTheWay.clear();
            }
        }
    }

    @Test
    void everyMessageMayBeSentBySomebodyAndAGreetingByNobodyElse() {
        for (Class<?> type : protocol.messages()) {
            List<PermittedMessages> states = Arrays.stream(PermittedMessages.values())
                    .filter(state -> state.permits(type))
                    .toList();
            assertFalse(states.isEmpty(), type + " may be sent by nobody");
            boolean isGreeting = ControlMessage.Greeting.class.isAssignableFrom(type);
            assertEquals(
                    isGreeting,
                    states.contains(PermittedMessages.EXPECTING_HELLO)
                            || states.contains(PermittedMessages.EXPECTING_WELCOME),
                    type + " in " + states);
        }
    }

    @Test
    void whoMayOnlyServeClientsMayNotCommand() {
        assertFalse(PermittedMessages.from(ChildKind.POOL).permits(CommandMessages.RunCommand.class));
        assertFalse(PermittedMessages.from(ChildKind.TASK).permits(SessionMessages.SessionClosed.class));
        assertFalse(PermittedMessages.from(ChildKind.ADMIN).permits(BackendMessages.BackendIdle.class));
        assertTrue(PermittedMessages.from(ChildKind.ADMIN).permits(CommandMessages.RunCommand.class));
        assertTrue(PermittedMessages.to(ChildKind.ADMIN).permits(UpkeepMessages.Ping.class));
    }

    private static SessionMessages.AssignSession largest(
            ClientOrigin origin, Optional<Resumption> resumption, Optional<RoleFacts> role, Descriptor client) {
        return new SessionMessages.AssignSession(
                14,
                SERVER,
                22,
                AuthenticationMethod.SCRAM_SHA_256,
                23,
                true,
                true,
                origin,
                new byte[10_000],
                resumption,
                role,
                client);
    }

    @Test
    void theLargestHandOverFits() throws ControlViolation {
        Samples.PlayedDescriptor client = new Samples.PlayedDescriptor();
        ClientOrigin origin = new ClientOrigin(new Peer.Tcp("::1", 7), 8);
        // A client with a session is never told of its role.
        decode(encode(largest(origin, Optional.of(LARGEST), Optional.empty(), client)));
        RoleFacts role = new RoleFacts(
                true, true, true, 1, "f".repeat(1_000), List.of("v".repeat(1_000), "w".repeat(1_000)), true);
        decode(encode(largest(origin, Optional.empty(), Optional.of(role), client)));
        decode(encode(new SessionMessages.SessionParked(61, origin, 62, new byte[10_000], LARGEST, client)));
        assertFalse(client.isClosed());
    }

    @Test
    void cutsTextForPeopleAndNeverInsideACharacter() throws ControlViolation {
        String endless = "\u00e9".repeat(100_000);
        List<ControlMessage> fat = List.of(
                new AlertMessages.SendAlert(1, new Alert(Alert.Kind.PROMOTED, SERVER, endless, endless, "now")),
                new CommandMessages.CommandDone(1, "55000", 1, endless, endless),
                new CommandMessages.CommandNotice(1, endless),
                new UpkeepMessages.EventNoted(1, "WARN", endless),
                new BackendMessages.ObjectInUse(SERVER, endless, true),
                new BackendMessages.GiveUpIdle(SERVER, endless, false));
        for (ControlMessage message : fat) {
            String decoded = decode(encode(message)).toString();
            assertFalse(decoded.contains("\ufffd"), message.getClass().toString());
            assertTrue(decoded.contains("\u00e9..."), message.getClass().toString());
        }
    }

    @Test
    void encodesNoMessageThatNobodyWouldTake() {
        ControlMessage tooLarge = new SnapshotMessages.ReportRows(1, new byte[ControlFrame.MAX_PAYLOAD_BYTES]);
        ByteBuffer bytes = ByteBuffer.allocate(2 * ControlFrame.MAX_FRAME_BYTES);
        ControlViolation refused = assertThrows(ControlViolation.class, () -> frames.encode(tooLarge, bytes));
        assertTrue(String.valueOf(refused.getMessage()).contains("ReportRows"), refused.getMessage());
        assertEquals(0, bytes.position());
    }

    @Test
    void waitsForTheRestOfAFrame() throws ControlViolation {
        ByteBuffer frame = encode(new CommandMessages.AssignOperator(
                1, new Peer.Unix(1000, 2), new byte[] {1, 2, 3}, new Samples.PlayedDescriptor()));
        for (int length = 0; length < frame.limit(); length++) {
            ByteBuffer part = frame.duplicate().limit(length);
            assertNull(frames.decodeNext(part));
            assertEquals(length, part.remaining());
        }
        assertEquals(1, onTheWay.size());
    }

    @Test
    void aMessageWithoutItsDescriptorIsRefused() throws ControlViolation {
        ByteBuffer frame = encode(new Samples(1).of(CommandMessages.AssignOperator.class));
        onTheWay.clear();
        assertThrows(ControlViolation.class, () -> frames.decodeNext(frame));
    }

    @Test
    void theDescriptorOfAMessageThatCannotBeIsClosed() throws ControlViolation {
        Samples.PlayedDescriptor client = new Samples.PlayedDescriptor();
        ByteBuffer frame = encode(new CommandMessages.AssignOperator(1, new Peer.Unix(1000, 2), new byte[0], client));
        frame.putInt(5, frame.getInt(5) + 1).limit(frame.limit() + 1); // A byte after the last field.
        assertThrows(ControlViolation.class, () -> frames.decodeNext(frame));
        assertTrue(client.isClosed());
    }

    @Test
    void aPeerOfAnotherVersionIsNotUnderstood() throws ControlViolation {
        ByteBuffer frame = encode(new UpkeepMessages.Ping(1));
        frames.speak(Protocol.NEWEST);
        assertThrows(ControlViolation.class, () -> frames.decodeNext(frame));
    }

    @Test
    void theNewestVersionThatBothSpeakIsSpoken() {
        UpkeepMessages.Hello own = protocol.hello(ChildKind.POOL, 1, 2);
        assertEquals(Protocol.NEWEST, protocol.commonVersion(own));
        long layout = own.layout();
        assertEquals(
                Protocol.NEWEST,
                protocol.commonVersion(
                        new UpkeepMessages.Hello(Protocol.OLDEST, Protocol.NEWEST + 3, layout, ChildKind.POOL, 1, 2)));
        assertTrue(protocol.commonVersion(new UpkeepMessages.Hello(
                        Protocol.NEWEST + 1, Protocol.NEWEST + 3, layout, ChildKind.POOL, 1, 2))
                < 0);
        assertTrue(
                protocol.commonVersion(new UpkeepMessages.Hello(1, Protocol.OLDEST - 1, layout, ChildKind.POOL, 1, 2))
                        < 0);
        assertTrue(
                protocol.commonVersion(new UpkeepMessages.Hello(
                                Protocol.OLDEST, Protocol.NEWEST, layout + 1, ChildKind.POOL, 1, 2))
                        < 0,
                "messages that look different");
    }

    @Test
    void refusesEveryDamagedHeaderAndNeverBreaks() throws ControlViolation {
        ByteBuffer good = encode(new UpkeepMessages.Ping(1));
        for (int at : new int[] {0, 1, 2, 4, 5}) {
            ByteBuffer bad =
                    ByteBuffer.allocate(good.limit()).put(good.duplicate()).flip();
            bad.put(at, (byte) (bad.get(at) ^ 0x40));
            assertThrows(ControlViolation.class, () -> frames.decodeNext(bad), "byte " + at);
        }
        List<Class<?>> types = protocol.messages();
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            ByteBuffer bad = encode(new Samples(seed).of(types.get(random.nextInt(types.size()))));
            bad.put(random.nextInt(Math.min(bad.limit(), 60)), (byte) random.nextInt());
            try {
                frames.decodeNext(bad);
            } catch (ControlViolation e) {
                // Refused, as it should be; a message that is merely a different one is fine, too.
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed, e);
            }
            onTheWay.clear();
        }
    }
}
