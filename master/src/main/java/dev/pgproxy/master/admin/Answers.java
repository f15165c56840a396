package dev.pgproxy.master.admin;

/** The way back to the operator who gave a command. */
interface Answers {

    /** A word about a command that is under way. */
    void notice(long commandId, String message);

    /**
     * It was done.
     *
     * @param count of what it was done to; 0 where nothing is counted
     * @param message what there is to say about it; empty for nothing
     */
    void done(long commandId, int count, String message);

    /** It could not be done. */
    void failed(long commandId, String sqlState, String message, String hint);
}
