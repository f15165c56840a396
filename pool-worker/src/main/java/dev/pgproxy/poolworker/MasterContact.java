package dev.pgproxy.poolworker;

/** The way to the master, and whether there still is one. */
final class MasterContact {

    private final MasterLink link;
    private boolean gone;

    MasterContact(MasterLink link) {
        this.link = link;
    }

    /** Takes messages even when nobody reads them any more. */
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
