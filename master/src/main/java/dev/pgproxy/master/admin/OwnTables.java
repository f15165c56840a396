package dev.pgproxy.master.admin;

import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Set;

/** What the master itself knows of the tables of pg_proxy. */
interface OwnTables {

    /**
     * Begins to find out what these tables are to show and takes time; {@link SnapshotDesk#serversProbed} tells the end of it.
     *
     * @return false when everything is known already
     */
    boolean refresh(Set<View> views);

    /** The rows of these tables as they are now, in chunks. */
    List<byte[]> rows(Set<View> views, long nowMicros);
}
