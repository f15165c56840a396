package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The custom parameters that functions of a database set, found in the functions' source. No catalog shows whether
 * a session has one; it can only be queried by its name. The names are queried along with a reset, and only once in
 * a while, since that searches all functions.
 */
public final class CustomParameters {

    private static final long ASK_AGAIN_NS = TimeUnit.SECONDS.toNanos(60);

    /** After the server refused to show one of them, for example because only superusers may see it. */
    private static final long ASK_AGAIN_AFTER_FAILURE_NS = TimeUnit.MINUTES.toNanos(10);

    private static final int MAX_DATABASES = 1_000;

    /** Names of one database; any beyond that are not queried. */
    static final int MAX_NAMES = 100;

    static final int MAX_NAME_CHARS = 127;

    /** Names become part of a query. */
    private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_$]*(?:\\.[a-z_][a-z0-9_$]*)+");

    private record Database(Endpoint server, String name) {}

    private static final class Known {
        private Set<String> names = Set.of();
        private byte[] query = FreshnessCheck.query(Set.of(), false);
        /** Also true after a failure. */
        private boolean isAnswered;

        private long askedNs;
        private long askAgainAfterNs = ASK_AGAIN_NS;
    }

    private final Map<Database, Known> databases = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Database, Known> eldest) {
            return size() > MAX_DATABASES;
        }
    };

    /** One reset's question, and what to do with the answer. */
    final class Question {
        private final Database database;
        private final Set<String> checked;
        private final boolean asks;
        private final byte[] query;

        private Question(Database database, Set<String> checked, boolean asks, byte[] query) {
            this.database = database;
            this.checked = checked;
            this.asks = asks;
            this.query = query;
        }

        byte[] query() {
            return query;
        }

        /** Reads the body of the answer's DataRow. */
        FreshnessCheck.Answer read(byte[] row) {
            FreshnessCheck.Answer answer = FreshnessCheck.read(row);
            if (answer.names().isEmpty()) {
                return answer;
            }
            Set<String> names = names(answer.names().get());
            learn(database, names);
            boolean areChecked = checked.containsAll(names);
            return answer.leftover().isEmpty() && !areChecked
                    ? answer.withLeftover("may have set parameters of the application's own in a function: "
                            + "it was asked for the first time which ones functions set")
                    : answer;
        }

        /** The server refused to answer it. */
        void refused() {
            if (asks) {
                giveUpAsking(database);
            } else if (!checked.isEmpty()) {
                learn(database, Set.of()); // This role may not see one of them.
                giveUpAsking(database);
            }
        }

        /** It may have been too much for the server, unless something else took the time; what is known is kept. */
        void timedOut() {
            if (asks) {
                giveUpAsking(database);
            }
        }
    }

    private void giveUpAsking(Database database) {
        Known known = databases.get(database);
        if (known != null) {
            known.isAnswered = true;
            known.askAgainAfterNs = ASK_AGAIN_AFTER_FAILURE_NS;
        }
    }

    /** The question for a reset of a backend of this pool. */
    Question question(PoolKey key, long nowNs) {
        Database database = new Database(key.server(), key.parameters().serverDatabase());
        Known known = databases.get(database);
        if (known == null) {
            known = new Known();
            databases.put(database, known);
        }
        // Until there is an answer, every reset asks; later, one asks for all.
        boolean asks = !known.isAnswered || nowNs - known.askedNs >= known.askAgainAfterNs;
        if (asks) {
            known.askedNs = nowNs;
            known.askAgainAfterNs = ASK_AGAIN_NS;
        }
        return new Question(database, known.names, asks, asks ? FreshnessCheck.query(known.names, true) : known.query);
    }

    private void learn(Database database, Set<String> names) {
        Known known = databases.get(database);
        if (known != null) {
            known.isAnswered = true;
            if (!known.names.equals(names)) {
                known.names = names;
                known.query = FreshnessCheck.query(names, false);
            }
        }
    }

    private static Set<String> names(String answer) {
        List<String> names = new ArrayList<>();
        for (String name : answer.toLowerCase(Locale.ROOT).split(" ", -1)) {
            if (names.size() < MAX_NAMES
                    && name.length() <= MAX_NAME_CHARS
                    && NAME.matcher(name).matches()) {
                names.add(name);
            }
        }
        return Set.copyOf(new TreeSet<>(names));
    }
}
