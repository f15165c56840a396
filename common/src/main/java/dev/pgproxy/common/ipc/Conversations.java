package dev.pgproxy.common.ipc;

import java.util.List;

/** All conversations. Their order, and the names of the records in each, give each kind of message its number on the wire. */
public final class Conversations {

    private Conversations() {}

    /** The classes whose nested records are the messages. */
    public static List<Class<?>> all() {
        return List.of(
                UpkeepMessages.class,
                SettingsMessages.class,
                SessionMessages.class,
                PlaceMessages.class,
                BackendMessages.class,
                CancelMessages.class,
                RoleMessages.class,
                ProbeMessages.class,
                SwitchoverMessages.class,
                AlertMessages.class,
                SnapshotMessages.class,
                CommandMessages.class);
    }
}
