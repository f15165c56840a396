package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.session.Session;
import java.util.List;

/**
 * Idle backends must not keep a client from dropping or renaming their database: all workers are told when a
 * command needs a database to itself.
 */
final class DatabasesInUse {

    /** Any client can make a server report an object in use, so the workers search for one only this often. */
    private static final long OBJECT_IN_USE_PAUSE_NS = 100_000_000L;

    /** How many chars of a server's message about an object in use are passed to the other workers. */
    private static final int MAX_WORDS = 2_000;

    private final WantedDatabases wanted = new WantedDatabases();

    private final EventThrottle givenUp = new EventThrottle();

    private long objectInUseNs;

    private final MasterContact master;
    private final BackendPool pool;
    private final Clock clock;

    DatabasesInUse(MasterContact master, BackendPool pool, Clock clock) {
        this.master = master;
        this.pool = pool;
        this.clock = clock;
        this.objectInUseNs = clock.nanoTime() - OBJECT_IN_USE_PAUSE_NS;
    }

    void objectInUse(Session session, String words) {
        long nowNs = clock.nanoTime();
        if (nowNs - objectInUseNs < OBJECT_IN_USE_PAUSE_NS) {
            return; // A command that really needs it fails again, five seconds later.
        }
        objectInUseNs = nowNs;
        tellInUse(session, words, false);
    }

    void databaseWanted(Session session, String name) {
        if (wanted.isDue(session.key().server(), name, clock.nanoTime())) {
            tellInUse(session, name, true);
        }
    }

    private void tellInUse(Session session, String words, boolean isWaiting) {
        String bounded = words.substring(0, Math.min(words.length(), MAX_WORDS));
        master.link().send(new BackendMessages.ObjectInUse(session.key().server(), bounded, isWaiting));
    }

    /**
     * A command needs a database to itself: closes the idle backends that prevent it.
     *
     * @param words the name of the database if a command waits for it; else the server's message, which names the database
     */
    void giveUpIdle(Endpoint server, String words, boolean isWaiting) {
        List<Backend> inTheWay = pool.snapshot().stream()
                .filter(backend -> backend.isUnused()
                        && backend.key().server().equals(server)
                        && isMeant(backend.key().parameters().serverDatabase(), words, isWaiting))
                .toList();
        inTheWay.forEach(Backend::retire);
        if (!inTheWay.isEmpty()) {
            Event event = Event.of("idle_given_up")
                    .limitedBy(givenUp, clock.nanoTime())
                    .with("server", server)
                    .with("count", inTheWay.size());
            if (isWaiting) {
                event.message("idle connections to a database were closed, because a command waits for them to leave");
            } else {
                event.message(
                                "idle connections to a database were closed, because a command failed while the database was in use")
                        .hint("Run the command again.");
            }
            event.info();
        }
    }

    private static boolean isMeant(String database, String words, boolean isName) {
        return isName ? database.equals(words) : isQuoted(database, words);
    }

    /** Whether the message names this in quotes of any language: characters that are neither letters nor spaces. */
    private static boolean isQuoted(String name, String words) {
        for (int at = words.indexOf(name); at >= 0 && !name.isEmpty(); at = words.indexOf(name, at + 1)) {
            int end = at + name.length();
            if (at > 0 && end < words.length() && isQuote(words.charAt(at - 1)) && isQuote(words.charAt(end))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isQuote(char character) {
        return character != '_' && character > ' ' && !(character < 0x80 && Character.isLetterOrDigit(character));
    }
}
