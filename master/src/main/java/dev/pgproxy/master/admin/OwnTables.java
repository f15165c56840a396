package dev.pgproxy.master.admin;

import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Set;

/** The master's own rows of the tables of pg_proxy. */
interface OwnTables {

    /**
     * Begins to find out what these tables show, where that takes time; {@link SnapshotDesk#serversProbed} is called at the end.
     *
     * @return false if everything is known already
     */
    boolean refresh(Set<View> views);

    /** The rows of these tables as they are now, in chunks. */
    List<byte[]> rows(Set<View> views, long nowMicros);
}
