package dev.pgproxy.common.ipc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import dev.pgproxy.common.view.View;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ControlFrameTest {

    private static final ServerAddress SERVER = new ServerAddress("db.example.com", 5432);
    private static final RoleFacts FACTS =
            new RoleFacts(true, true, true, 32, "fingerprint", List.of("md5...", "SCRAM-SHA-256$..."), false);
    private static final byte[] BYTES = {1, 2, 3};

    /** As large as one may be. */
    private static final Resumption LARGEST = new Resumption(
            1,
            new byte[256],
            Map.of("server_version", "18"),
            Map.of("search_path", "\u00e9".repeat(2_254)),
            new byte[32]);

    /** One of each kind; {@link #everyKindIsHere} sees to it. */
    private static final List<ControlMessage> ALL = List.of(
            new ControlMessage.Hello(1, ChildKind.POOL, 3, 4711),
            new ControlMessage.Pong(9, 10, 11),
            new ControlMessage.FrontendAccepted(1, 2),
            new ControlMessage.SessionOpened(3, 4, AuthenticationMethod.MD5),
            new ControlMessage.SessionClosed(5),
            new ControlMessage.BackendResetting(6),
            new ControlMessage.BackendIdle(7),
            new ControlMessage.BackendGone(Long.MAX_VALUE),
            new ControlMessage.CancelTarget(8, 9, SERVER, -1, BYTES),
            new ControlMessage.CancelUnknown(10),
            new ControlMessage.CancelDone(11, true),
            new ControlMessage.Ping(12),
            new ControlMessage.Shutdown(13),
            new ControlMessage.ReopenLogs(),
            new ControlMessage.ConfigurePool(new PoolSettings(
                    1, 2, 3, 4, 5, 6, 7, List.of("a", "b"), true, true, false, new SocketTuning(true, 8, 9, 10, 11))),
            new ControlMessage.AssignFrontend(
                    14,
                    SERVER,
                    22,
                    AuthenticationMethod.SCRAM_SHA_256,
                    23,
                    true,
                    true,
                    new ClientOrigin("::1", 7, 8),
                    new byte[10_000],
                    LARGEST),
            new ControlMessage.EvictBackend(15),
            new ControlMessage.FindCancelTarget(16, 17, BYTES),
            new ControlMessage.CancelFinished(18, true),
            new ControlMessage.PerformCancel(19, SERVER, 20, BYTES, 21, Optional.of(SERVER)),
            new ControlMessage.BackendClosing(24),
            new ControlMessage.CancelQuery(25, SERVER, SERVER, 26, BYTES),
            new ControlMessage.FindRole(27, SERVER, "app", "shop"),
            new ControlMessage.RolesChanged(SERVER),
            new ControlMessage.ObjectInUse(SERVER, "database \"shop\" is being accessed by other users", true),
            new ControlMessage.RoleLookedUp(28, FACTS),
            new ControlMessage.RoleFound(29, FACTS),
            new ControlMessage.GiveUpIdle(SERVER, "shop", true),
            new ControlMessage.ConfigureTasks(new TaskSettings(
                    new ProxyConfig.AdminLogin("postgres", "secret", "postgres", "scram-sha-256"),
                    "/etc/users",
                    new ProxyConfig.Notices(
                            Optional.of(Path.of("/bin/true")),
                            Optional.of("http://localhost/"),
                            Optional.of(new ProxyConfig.Mail(
                                    "mail", 25, "user", "secret", "a@b", List.of("c@d", "e@f")))))),
            new ControlMessage.LookUpRole(30, SERVER, "app", "shop", 31),
            new ControlMessage.RoleDoubted(SERVER, "app", "shop", true),
            new ControlMessage.SetLogLevel(ProxyConfig.LogLevel.WARNING),
            new ControlMessage.EventNoted(33, "WARN", "event=child_exit"),
            new ControlMessage.ReportState(34, ViewSet.encode(EnumSet.of(View.CONNECTION, View.STATS)), 34),
            new ControlMessage.ReportRows(35, BYTES),
            new ControlMessage.ReportEnd(36),
            new ControlMessage.EndSessions(37, List.of(38L, 39L), List.of()),
            new ControlMessage.SessionsEnded(40, 41),
            new ControlMessage.Reconnect(SERVER),
            new ControlMessage.LeaveServer(SERVER, new ServerAddress("::1", 5433)),
            new ControlMessage.FrontendReturned(42, BYTES),
            new ControlMessage.ConfigureAdmin(new AdminSettings(
                    new ProxyConfig.AdminDatabase(
                            "secret", Optional.of("other"), 20, Duration.ofSeconds(10), Duration.ofHours(1)),
                    45,
                    "0.1.0",
                    46)),
            new ControlMessage.AssignOperator(46, "127.0.0.1", 47, BYTES),
            new ControlMessage.TakeSnapshot(47, 48),
            new ControlMessage.SnapshotComplete(49, List.of("pool-worker 1")),
            new ControlMessage.RunCommand(50, OperatorCommand.PAUSE, ""),
            new ControlMessage.AbandonCommand(51),
            new ControlMessage.EndConnections(52, List.of(1L, 2L, 3L), true),
            new ControlMessage.CommandNotice(53, "waits for one session"),
            new ControlMessage.CommandDone(54, "55000", 55, "what", "why"),
            new ControlMessage.CancelStatement(56, BYTES),
            new ControlMessage.SendNotice(
                    57, new Notice(Notice.Kind.PROMOTED, SERVER, "what", "why", "2026-01-01T00:00:00Z")),
            new ControlMessage.NoticeSent(58),
            new ControlMessage.HoldSessions(59, SERVER, true),
            new ControlMessage.SessionsHeld(60),
            new ControlMessage.FrontendParked(61, new ClientOrigin("::1", 7, 8), 62, new byte[10_000], LARGEST),
            new ControlMessage.ProbeServer(62, SERVER, ProbeKind.FLUSH, 63),
            new ControlMessage.ForgetServer(SERVER),
            new ControlMessage.AskServer(64, SERVER, Errand.FENCE, ProxyConfig.PromoteMethod.AUTO, 9999, 65, 66),
            new ControlMessage.ServerProbed(
                    65,
                    SERVER,
                    ProbeKind.FRESH,
                    true,
                    new Observation.Answered(new ServerFacts(
                            true,
                            66,
                            2,
                            67,
                            68,
                            0.5,
                            new ServerFacts.WalReceiver(true, 69, 70),
                            new Topology(
                                    List.of("10.0.0.2:5432"),
                                    "db1:5432",
                                    List.of("10.0.0.1:5432"),
                                    List.of("10.0.0.1:5432", "[::1]:5432"),
                                    true,
                                    false,
                                    List.of("slot"))))),
            new ControlMessage.ServerLost(SERVER),
            new ControlMessage.ServerMoved(SERVER, List.of("10.0.0.1", "::1")),
            new ControlMessage.ServerAnswered(71, true, 72, "what", "why"),
            new ControlMessage.PlaceWanted(72, true, BYTES),
            new ControlMessage.ServerFull(73, BYTES),
            new ControlMessage.ReaderRanAway(),
            new ControlMessage.PlaceGiven(73, 74, 75),
            new ControlMessage.PlaceRefused(75, BYTES));

    @Test
    void aLookThatFailedComesBackAsItWas() throws ControlViolation {
        ControlMessage failed = new ControlMessage.ServerProbed(
                1, SERVER, ProbeKind.KEPT, false, new Observation.Failed(FailureKind.RESET, "Connection reset"));
        assertEquals(failed, ControlFrame.decodeNext(ByteBuffer.wrap(encode(failed))));
    }

    @Test
    void everyKindIsHere() {
        assertEquals(
                List.of(ControlMessageType.values()),
                ALL.stream().map(ControlMessage::type).sorted().collect(Collectors.toList()));
    }

    @Test
    void everyMessageComesBackAsItWas() throws ControlViolation {
        for (ControlMessage message : ALL) {
            byte[] frame = encode(message);
            ControlMessage decoded = ControlFrame.decodeNext(ByteBuffer.wrap(frame));
            assertNotNull(decoded);
            assertArrayEquals(frame, encode(decoded), message.toString());
        }
    }

    @Test
    void everyMessageIsPermittedSomewhereAndHelloNowhereElse() {
        for (ControlMessage message : ALL) {
            long states = Arrays.stream(PermittedMessages.values())
                    .filter(state -> isPermitted(state, message))
                    .count();
            assertEquals(expectedStates(message), states, message.toString());
        }
    }

    private static int expectedStates(ControlMessage message) {
        boolean ofEveryChild = message instanceof ControlMessage.ToEveryChild
                || message instanceof ControlMessage.Shutdown
                || message instanceof ControlMessage.Pong
                || message instanceof ControlMessage.EventNoted;
        boolean passedOn =
                message instanceof ControlMessage.ReportRows || message instanceof ControlMessage.ServerMoved;
        return ofEveryChild ? ChildKind.values().length : passedOn ? 2 : 1;
    }

    private static boolean isPermitted(PermittedMessages state, ControlMessage message) {
        try {
            state.check(message);
            return true;
        } catch (ControlViolation e) {
            return false;
        }
    }

    @Test
    void cutsTextForPeopleAndNeverInsideACharacter() throws ControlViolation {
        String endless = "\u00e9".repeat(100_000);
        List<ControlMessage> fat = List.of(
                new ControlMessage.SendNotice(1, new Notice(Notice.Kind.PROMOTED, SERVER, endless, endless, "now")),
                new ControlMessage.CommandDone(1, "55000", 1, endless, endless),
                new ControlMessage.CommandNotice(1, endless),
                new ControlMessage.EventNoted(1, "WARN", endless),
                new ControlMessage.ObjectInUse(SERVER, endless, true),
                new ControlMessage.GiveUpIdle(SERVER, endless, false));
        for (ControlMessage message : fat) {
            ControlMessage decoded = ControlFrame.decodeNext(ByteBuffer.wrap(encode(message)));
            assertNotNull(decoded);
            assertFalse(decoded.toString().contains("\ufffd"), message.type().toString());
            assertTrue(decoded.toString().contains("\u00e9..."), message.type().toString());
        }
    }

    @Test
    void encodesNoMessageThatNobodyWouldTake() {
        ControlMessage tooLarge = new ControlMessage.ReportRows(1, new byte[ControlFrame.MAX_PAYLOAD_BYTES]);
        ControlViolation refused = assertThrows(ControlViolation.class, () -> encode(tooLarge));
        assertTrue(String.valueOf(refused.getMessage()).contains("REPORT_ROWS"), refused.getMessage());
    }

    private static byte[] encode(ControlMessage message) throws ControlViolation {
        return ControlFrame.encode(message, ControlFrame.scratch());
    }

    @Test
    void waitsForTheRestOfAFrame() throws ControlViolation {
        byte[] frame = encode(ALL.get(0));
        for (int length = 0; length < frame.length; length++) {
            ByteBuffer part = ByteBuffer.wrap(frame, 0, length);
            assertNull(ControlFrame.decodeNext(part));
            assertEquals(length, part.remaining());
        }
    }

    @Test
    void refusesEveryDamagedHeaderAndNeverBreaks() throws ControlViolation {
        byte[] good = encode(ALL.get(0));
        for (int at : new int[] {0, 1, 2, 4}) {
            byte[] bad = good.clone();
            bad[at] ^= 0x40;
            assertThrows(ControlViolation.class, () -> ControlFrame.decodeNext(ByteBuffer.wrap(bad)), "byte " + at);
        }
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] bad = encode(ALL.get(random.nextInt(ALL.size())));
            bad[random.nextInt(Math.min(bad.length, 60))] = (byte) random.nextInt();
            try {
                ControlFrame.decodeNext(ByteBuffer.wrap(bad));
            } catch (ControlViolation e) {
                // Refused, as it should be; a message that is merely another one is fine, too.
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed, e);
            }
        }
    }
}
