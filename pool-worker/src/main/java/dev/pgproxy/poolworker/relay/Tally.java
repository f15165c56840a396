package dev.pgproxy.poolworker.relay;

import org.jspecify.annotations.Nullable;

/**
 * Counts what is relayed, for one session and for all sessions of its kind. One query is whatever one ReadyForQuery
 * answers. Its time runs from the first message sent while nothing was owed until nothing is owed any more.
 */
public final class Tally {

    private @Nullable Tally total;
    private long sessions;
    private long queries;
    private long transactions;
    private long clientBytes;
    private long serverBytes;
    private long queryNs;
    private long waitNs;
    private long startedNs;
    private long endedNs;
    private boolean running;

    /** Adds all further counts to this tally as well. */
    public void countInto(Tally sum) {
        total = sum;
        sum.sessions++;
    }

    /** The client had to wait this long for a connection. */
    public void waited(long ns) {
        waitNs += ns;
        if (total != null) {
            total.waited(ns);
        }
    }

    /** The client sent this many bytes. */
    public void fromClient(long bytes) {
        clientBytes += bytes;
        if (total != null) {
            total.fromClient(bytes);
        }
    }

    /** The server sent this many bytes. */
    public void fromServer(long bytes) {
        serverBytes += bytes;
        if (total != null) {
            total.fromServer(bytes);
        }
    }

    /** Whether a query is being timed. */
    public boolean isRunning() {
        return running;
    }

    /** A query begins. */
    public void queryStarted(long nowNs) {
        running = true;
        startedNs = nowNs;
    }

    /**
     * The server has answered a query.
     *
     * @param transactionEnded whether the session is outside a transaction now
     * @param last whether no further answer is owed
     */
    public void queryAnswered(long nowNs, boolean transactionEnded, boolean last) {
        long ns = running && last ? nowNs - startedNs : 0;
        add(transactionEnded ? 1 : 0, ns);
        if (last) {
            running = false;
            endedNs = nowNs;
        }
    }

    private void add(int endedTransactions, long ns) {
        queries++;
        transactions += endedTransactions;
        queryNs += ns;
        if (total != null) {
            total.add(endedTransactions, ns);
        }
    }

    public long sessions() {
        return sessions;
    }

    public long queries() {
        return queries;
    }

    public long transactions() {
        return transactions;
    }

    /** Bytes from the client. */
    public long clientBytes() {
        return clientBytes;
    }

    /** Bytes from the server. */
    public long serverBytes() {
        return serverBytes;
    }

    /** Time that queries took, in nanoseconds. */
    public long queryNs() {
        return queryNs;
    }

    /** Time that clients waited for their connection, in nanoseconds. */
    public long waitNs() {
        return waitNs;
    }

    /** When the running query began; meaningless before the first one. */
    public long startedNs() {
        return startedNs;
    }

    /** When the last answer was complete; meaningless before the first one. */
    public long endedNs() {
        return endedNs;
    }

    /** A copy of the counts, to calculate a difference later. */
    public Tally copy() {
        Tally copy = new Tally();
        copy.sessions = sessions;
        copy.queries = queries;
        copy.transactions = transactions;
        copy.clientBytes = clientBytes;
        copy.serverBytes = serverBytes;
        copy.queryNs = queryNs;
        copy.waitNs = waitNs;
        return copy;
    }
}
