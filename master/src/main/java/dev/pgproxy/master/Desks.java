package dev.pgproxy.master;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.master.admin.CommandDesk;
import dev.pgproxy.master.admin.SnapshotDesk;
import dev.pgproxy.master.alert.AlertDesk;
import dev.pgproxy.master.cancel.CancelDesk;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.probe.ProbeDesk;
import dev.pgproxy.master.role.RoleDesk;
import dev.pgproxy.master.routing.BackendReports;
import dev.pgproxy.master.routing.SessionReports;
import dev.pgproxy.master.supervisor.Child;
import dev.pgproxy.master.supervisor.Supervisor;

/** Which part of the master handles which messages of the children. */
record Desks(
        Supervisor upkeep,
        SessionReports sessions,
        SessionReports places,
        BackendReports backends,
        CancelDesk cancels,
        RoleDesk roles,
        ProbeDesk probes,
        SwitchoverDesk switchovers,
        AlertDesk alerts,
        SnapshotDesk snapshots,
        CommandDesk commands)
        implements ControlMessage.MasterDesks<Child> {}
