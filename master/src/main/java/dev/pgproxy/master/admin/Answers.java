package dev.pgproxy.master.admin;

/** Sends answers to the operator who gave a command. */
interface Answers {

    /** A notice about a command that is under way. */
    void notice(long commandId, String message);

    /**
     * The command succeeded.
     *
     * @param count of the objects that it affected; 0 where nothing is counted
     * @param message about the result; empty for none
     */
    void done(long commandId, int count, String message);

    /** The command failed. */
    void failed(long commandId, String sqlState, String message, String hint);
}
