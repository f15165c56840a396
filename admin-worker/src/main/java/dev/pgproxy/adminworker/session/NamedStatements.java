package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import java.util.HashMap;
import java.util.Map;

/** The prepared statements of a session, and its portals. */
final class NamedStatements {

    /** Prepared statements that a session may have, and portals. */
    private static final int MAX_NAMED = 1_000;

    private final Map<String, Prepared> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();

    /** Approximate bytes of statements, parameters, and results that the client has not fetched yet. */
    long heldBytes() {
        long ofPortals = portals.values().stream().mapToLong(Portal::heldBytes).sum();
        return ofPortals
                + statements.values().stream().mapToLong(Prepared::bytes).sum();
    }

    /** @throws SqlProblem when the name is taken */
    void checkNew(String name) throws SqlProblem {
        if (!name.isEmpty() && statements.containsKey(name)) {
            throw new SqlProblem(
                    SqlStates.DUPLICATE_STATEMENT, "prepared statement \"" + name + "\" already exists", "");
        }
    }

    /** @throws SqlProblem when there are too many statements */
    void checkRoom() throws SqlProblem {
        if (statements.size() >= MAX_NAMED) {
            throw new SqlProblem(
                    SqlStates.PROGRAM_LIMIT_EXCEEDED, "there are " + MAX_NAMED + " prepared statements already", "");
        }
    }

    void put(String name, Prepared prepared) {
        statements.put(name, prepared);
    }

    /** @throws SqlProblem when there are too many portals */
    void checkRoomForPortal() throws SqlProblem {
        if (portals.size() >= MAX_NAMED) {
            throw new SqlProblem(SqlStates.PROGRAM_LIMIT_EXCEEDED, "there are " + MAX_NAMED + " portals already", "");
        }
    }

    void put(String name, Portal portal) {
        portals.put(name, portal);
    }

    /** @throws SqlProblem when there is none */
    Prepared statement(String name) throws SqlProblem {
        Prepared prepared = statements.get(name);
        if (prepared == null) {
            throw new SqlProblem(
                    SqlStates.INVALID_STATEMENT_NAME, "prepared statement \"" + name + "\" does not exist", "");
        }
        return prepared;
    }

    /** @throws SqlProblem when there is none */
    Portal portal(String name) throws SqlProblem {
        Portal portal = portals.get(name);
        if (portal == null) {
            throw new SqlProblem(SqlStates.INVALID_CURSOR_NAME, "portal \"" + name + "\" does not exist", "");
        }
        return portal;
    }

    void close(String statement) {
        statements.remove(statement);
    }

    void closePortal(String name) {
        portals.remove(name);
    }

    /** Portals end with their transaction. */
    void transactionEnded() {
        portals.clear();
    }

    /** DISCARD ALL. */
    void discard() {
        statements.clear();
        portals.clear();
    }

    /** @param one name of the statement; empty for all named ones */
    void deallocate(String one) {
        statements.keySet().removeIf(name -> one.isEmpty() ? !name.isEmpty() : name.equals(one));
    }
}
