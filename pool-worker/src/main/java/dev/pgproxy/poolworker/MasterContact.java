package dev.pgproxy.poolworker;

/** The link to the master, and whether the master is still there. */
final class MasterContact {

    private final MasterLink link;
    private boolean gone;

    MasterContact(MasterLink link) {
        this.link = link;
    }

    /** Accepts messages even after the master is gone. */
    MasterLink link() {
        return link;
    }

    boolean isGone() {
        return gone;
    }

    void lost() {
        gone = true;
    }
}
