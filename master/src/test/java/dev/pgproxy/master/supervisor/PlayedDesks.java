package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.ipc.AlertMessages;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.ipc.SwitchoverMessages;

/** Desks that fail when used; a test overrides those that it needs. */
interface PlayedDesks extends ControlMessage.MasterDesks<Child> {

    private static UnsupportedOperationException nobody() {
        return new UnsupportedOperationException("nobody hears this here");
    }

    @Override
    default SessionMessages.AtMaster<? super Child> sessions() {
        throw nobody();
    }

    @Override
    default PlaceMessages.AtMaster<? super Child> places() {
        throw nobody();
    }

    @Override
    default BackendMessages.AtMaster<? super Child> backends() {
        throw nobody();
    }

    @Override
    default CancelMessages.AtMaster<? super Child> cancels() {
        throw nobody();
    }

    @Override
    default RoleMessages.AtMaster<? super Child> roles() {
        throw nobody();
    }

    @Override
    default ProbeMessages.AtMaster<? super Child> probes() {
        throw nobody();
    }

    @Override
    default SwitchoverMessages.AtMaster<? super Child> switchovers() {
        throw nobody();
    }

    @Override
    default AlertMessages.AtMaster<? super Child> alerts() {
        throw nobody();
    }

    @Override
    default SnapshotMessages.AtMaster<? super Child> snapshots() {
        throw nobody();
    }

    @Override
    default CommandMessages.AtMaster<? super Child> commands() {
        throw nobody();
    }
}
