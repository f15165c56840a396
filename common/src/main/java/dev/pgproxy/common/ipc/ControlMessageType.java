package dev.pgproxy.common.ipc;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.probe.ProbeKind;
import java.util.Optional;

/** The kinds of {@link ControlMessage}: number on the wire, descriptors that travel with it, and how its fields are read. */
public enum ControlMessageType {
    HELLO(1, 0, in -> new ControlMessage.Hello(in.int32(), in.constant(ChildKind.class), in.int32(), in.int64())),
    PONG(2, 0, in -> new ControlMessage.Pong(in.int64(), in.int64(), in.int64())),
    FRONTEND_ACCEPTED(3, 0, in -> new ControlMessage.FrontendAccepted(in.int64(), in.int64())),
    SESSION_OPENED(
            4,
            0,
            in -> new ControlMessage.SessionOpened(in.int64(), in.int64(), in.constant(AuthenticationMethod.class))),
    SESSION_CLOSED(5, 0, in -> new ControlMessage.SessionClosed(in.int64())),
    BACKEND_RESETTING(6, 0, in -> new ControlMessage.BackendResetting(in.int64())),
    BACKEND_IDLE(7, 0, in -> new ControlMessage.BackendIdle(in.int64())),
    BACKEND_GONE(8, 0, in -> new ControlMessage.BackendGone(in.int64())),
    CANCEL_TARGET(
            9,
            0,
            in -> new ControlMessage.CancelTarget(
                    in.int64(), in.int64(), new ServerAddress(in.string(), in.int32()), in.int32(), in.bytes())),
    CANCEL_UNKNOWN(10, 0, in -> new ControlMessage.CancelUnknown(in.int64())),
    CANCEL_DONE(11, 0, in -> new ControlMessage.CancelDone(in.int64(), in.bool())),
    PING(12, 0, in -> new ControlMessage.Ping(in.int64())),
    SHUTDOWN(13, 0, in -> new ControlMessage.Shutdown(in.int64())),
    REOPEN_LOGS(14, 0, in -> new ControlMessage.ReopenLogs()),
    CONFIGURE_POOL(15, 0, in -> new ControlMessage.ConfigurePool(PoolSettings.decode(in))),
    ASSIGN_FRONTEND(
            16,
            1,
            in -> new ControlMessage.AssignFrontend(
                    in.int64(),
                    new ServerAddress(in.string(), in.int32()),
                    in.int64(),
                    in.constant(AuthenticationMethod.class),
                    in.int64(),
                    in.bool(),
                    in.bool(),
                    ClientOrigin.decode(in),
                    in.bytes(),
                    in.bool() ? Resumption.decode(in) : null)),
    EVICT_BACKEND(17, 0, in -> new ControlMessage.EvictBackend(in.int64())),
    FIND_CANCEL_TARGET(18, 0, in -> new ControlMessage.FindCancelTarget(in.int64(), in.int32(), in.bytes())),
    CANCEL_FINISHED(19, 0, in -> new ControlMessage.CancelFinished(in.int64(), in.bool())),
    PERFORM_CANCEL(
            20,
            0,
            in -> new ControlMessage.PerformCancel(
                    in.int64(),
                    new ServerAddress(in.string(), in.int32()),
                    in.int32(),
                    in.bytes(),
                    in.int64(),
                    in.bool() ? Optional.of(new ServerAddress(in.string(), in.int32())) : Optional.empty())),
    BACKEND_CLOSING(21, 0, in -> new ControlMessage.BackendClosing(in.int64())),
    CANCEL_QUERY(
            22,
            0,
            in -> new ControlMessage.CancelQuery(
                    in.int64(),
                    new ServerAddress(in.string(), in.int32()),
                    new ServerAddress(in.string(), in.int32()),
                    in.int32(),
                    in.bytes())),
    FIND_ROLE(
            23,
            0,
            in -> new ControlMessage.FindRole(
                    in.int64(), new ServerAddress(in.string(), in.int32()), in.string(), in.string())),
    ROLES_CHANGED(24, 0, in -> new ControlMessage.RolesChanged(new ServerAddress(in.string(), in.int32()))),
    OBJECT_IN_USE(
            25,
            0,
            in -> new ControlMessage.ObjectInUse(new ServerAddress(in.string(), in.int32()), in.string(), in.bool())),
    ROLE_LOOKED_UP(26, 0, in -> new ControlMessage.RoleLookedUp(in.int64(), RoleFacts.decode(in))),
    ROLE_FOUND(27, 0, in -> new ControlMessage.RoleFound(in.int64(), RoleFacts.decode(in))),
    GIVE_UP_IDLE(
            28,
            0,
            in -> new ControlMessage.GiveUpIdle(new ServerAddress(in.string(), in.int32()), in.string(), in.bool())),
    CONFIGURE_TASKS(29, 0, in -> new ControlMessage.ConfigureTasks(TaskSettings.decode(in))),
    LOOK_UP_ROLE(
            30,
            0,
            in -> new ControlMessage.LookUpRole(
                    in.int64(), new ServerAddress(in.string(), in.int32()), in.string(), in.string(), in.int64())),
    ROLE_DOUBTED(
            31,
            0,
            in -> new ControlMessage.RoleDoubted(
                    new ServerAddress(in.string(), in.int32()), in.string(), in.string(), in.bool())),
    SET_LOG_LEVEL(32, 0, in -> new ControlMessage.SetLogLevel(in.constant(ProxyConfig.LogLevel.class))),
    EVENT_NOTED(33, 0, in -> new ControlMessage.EventNoted(in.int64(), in.string(), in.string())),
    REPORT_STATE(34, 0, in -> new ControlMessage.ReportState(in.int64(), in.int32(), in.int64())),
    REPORT_ROWS(35, 0, in -> new ControlMessage.ReportRows(in.int64(), in.bytes())),
    REPORT_END(36, 0, in -> new ControlMessage.ReportEnd(in.int64())),
    END_SESSIONS(37, 0, in -> new ControlMessage.EndSessions(in.int64(), in.longs(), in.longs())),
    SESSIONS_ENDED(38, 0, in -> new ControlMessage.SessionsEnded(in.int64(), in.int32())),
    RECONNECT(39, 0, in -> new ControlMessage.Reconnect(new ServerAddress(in.string(), in.int32()))),
    LEAVE_SERVER(
            40,
            0,
            in -> new ControlMessage.LeaveServer(
                    new ServerAddress(in.string(), in.int32()), new ServerAddress(in.string(), in.int32()))),
    FRONTEND_RETURNED(41, 1, in -> new ControlMessage.FrontendReturned(in.int64(), in.bytes())),
    CONFIGURE_ADMIN(42, 0, in -> new ControlMessage.ConfigureAdmin(AdminSettings.decode(in))),
    ASSIGN_OPERATOR(43, 1, in -> new ControlMessage.AssignOperator(in.int64(), in.string(), in.int32(), in.bytes())),
    TAKE_SNAPSHOT(44, 0, in -> new ControlMessage.TakeSnapshot(in.int64(), in.int32())),
    SNAPSHOT_COMPLETE(45, 0, in -> new ControlMessage.SnapshotComplete(in.int64(), in.strings())),
    RUN_COMMAND(
            46, 0, in -> new ControlMessage.RunCommand(in.int64(), in.constant(OperatorCommand.class), in.string())),
    ABANDON_COMMAND(47, 0, in -> new ControlMessage.AbandonCommand(in.int64())),
    END_CONNECTIONS(48, 0, in -> new ControlMessage.EndConnections(in.int64(), in.longs(), in.bool())),
    COMMAND_NOTICE(49, 0, in -> new ControlMessage.CommandNotice(in.int64(), in.string())),
    COMMAND_DONE(
            50, 0, in -> new ControlMessage.CommandDone(in.int64(), in.string(), in.int32(), in.string(), in.string())),
    CANCEL_STATEMENT(51, 0, in -> new ControlMessage.CancelStatement(in.int32(), in.bytes())),
    SEND_NOTICE(52, 0, in -> new ControlMessage.SendNotice(in.int64(), Notice.decode(in))),
    NOTICE_SENT(53, 0, in -> new ControlMessage.NoticeSent(in.int64())),
    HOLD_SESSIONS(
            54,
            0,
            in -> new ControlMessage.HoldSessions(in.int64(), new ServerAddress(in.string(), in.int32()), in.bool())),
    SESSIONS_HELD(55, 0, in -> new ControlMessage.SessionsHeld(in.int64())),
    FRONTEND_PARKED(
            56,
            1,
            in -> new ControlMessage.FrontendParked(
                    in.int64(), ClientOrigin.decode(in), in.int64(), in.bytes(), Resumption.decode(in))),
    PROBE_SERVER(
            57,
            0,
            in -> new ControlMessage.ProbeServer(
                    in.int64(), new ServerAddress(in.string(), in.int32()), in.constant(ProbeKind.class), in.int64())),
    FORGET_SERVER(58, 0, in -> new ControlMessage.ForgetServer(new ServerAddress(in.string(), in.int32()))),
    ASK_SERVER(
            59,
            0,
            in -> new ControlMessage.AskServer(
                    in.int64(),
                    new ServerAddress(in.string(), in.int32()),
                    in.constant(Errand.class),
                    in.constant(ProxyConfig.PromoteMethod.class),
                    in.int32(),
                    in.int64(),
                    in.int64())),
    SERVER_PROBED(
            60,
            0,
            in -> new ControlMessage.ServerProbed(
                    in.int64(),
                    new ServerAddress(in.string(), in.int32()),
                    in.constant(ProbeKind.class),
                    in.bool(),
                    ObservationFields.decode(in))),
    SERVER_LOST(61, 0, in -> new ControlMessage.ServerLost(new ServerAddress(in.string(), in.int32()))),
    SERVER_ANSWERED(
            62,
            0,
            in -> new ControlMessage.ServerAnswered(in.int64(), in.bool(), in.int32(), in.string(), in.string())),
    PLACE_WANTED(63, 0, in -> new ControlMessage.PlaceWanted(in.int64(), in.bool(), in.bytes())),
    PLACE_GIVEN(64, 0, in -> new ControlMessage.PlaceGiven(in.int64(), in.int64(), in.int64())),
    PLACE_REFUSED(65, 0, in -> new ControlMessage.PlaceRefused(in.int64(), in.bytes())),
    READER_RAN_AWAY(66, 0, in -> new ControlMessage.ReaderRanAway()),
    SERVER_FULL(67, 0, in -> new ControlMessage.ServerFull(in.int64(), in.bytes())),
    SERVER_MOVED(68, 0, in -> new ControlMessage.ServerMoved(new ServerAddress(in.string(), in.int32()), in.strings()));

    /** Reads the fields of one kind of message. */
    private interface Decoder {
        ControlMessage decode(FieldReader in) throws ControlViolation;
    }

    private final byte code;
    private final int fdCount;

    @SuppressWarnings("ImmutableEnumChecker") // Stateless lambdas.
    private final Decoder decoder;

    ControlMessageType(int code, int fdCount, Decoder decoder) {
        this.code = (byte) code;
        this.fdCount = fdCount;
        this.decoder = decoder;
    }

    byte code() {
        return code;
    }

    /** How many descriptors travel with a message of this kind. */
    public int fdCount() {
        return fdCount;
    }

    ControlMessage decode(FieldReader in) throws ControlViolation {
        ControlMessage message;
        try {
            message = decoder.decode(in);
        } catch (IllegalArgumentException e) {
            // A field that its type cannot hold, such as a path with a zero byte.
            throw new ControlViolation(
                    name() + " with a field that cannot be: " + e.getClass().getSimpleName());
        }
        in.end();
        return message;
    }

    static ControlMessageType ofCode(byte code) throws ControlViolation {
        ControlMessageType[] types = values();
        if (code < 1 || code > types.length) {
            throw new ControlViolation("unknown message type " + code);
        }
        return types[code - 1];
    }
}
