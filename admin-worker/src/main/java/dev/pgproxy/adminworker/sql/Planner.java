package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.ipc.OperatorCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Plans statements. */
public final class Planner {

    private static final String READ_ONLY_HINT =
            "DELETE FROM connection WHERE ... ends sessions; SHOW HELP lists the commands.";

    /** A host name has at most 253 characters; a colon and a port follow. */
    private static final int LONGEST_SERVER = 300;

    private Planner() {}

    /**
     * The plan of one statement.
     *
     * @throws SqlProblem when the statement has none
     */
    public static Plan plan(SqlText statement, Settings settings) throws SqlProblem {
        return switch (statement.verb()) {
            case "SELECT", "WITH", "VALUES", "TABLE" -> SelectPlanner.plan(statement, settings);
            case "SHOW" -> Shows.plan(statement, settings);
            case "DELETE" -> end(statement, settings);
            case "KILL", "KILL_CLIENT" -> kill(statement, settings);
            case "COPY" -> CopyPlanner.plan(statement, settings);
            case "DECLARE" -> CursorPlanner.declare(statement, settings);
            case "FETCH", "MOVE" -> CursorPlanner.fetch(statement);
            case "CLOSE" -> CursorPlanner.close(statement);
            case "BEGIN" -> new Plan.Transaction("BEGIN", true);
            case "START" -> new Plan.Transaction("START TRANSACTION", true);
            case "COMMIT", "END" -> new Plan.Transaction("COMMIT", false);
            case "ROLLBACK", "ABORT" ->
                statement.tokens().stream().anyMatch(token -> token.isWord("to"))
                        ? new Plan.Setting("ROLLBACK", "", "")
                        : new Plan.Transaction("ROLLBACK", false);
            case "SAVEPOINT", "RELEASE" -> new Plan.Setting(statement.verb(), "", "");
            case "SET" -> set(statement, settings);
            case "RESET" -> reset(statement, settings);
            case "DISCARD" -> new Plan.Setting("DISCARD " + statement.word(1), "", "");
            case "DEALLOCATE" -> deallocate(statement);
            case "RELOAD" -> command(statement, OperatorCommand.RELOAD, false);
            case "PAUSE" -> command(statement, OperatorCommand.PAUSE, true);
            case "RESUME" -> command(statement, OperatorCommand.RESUME, true);
            case "RECONNECT" -> command(statement, OperatorCommand.RECONNECT, true);
            case "SWITCHOVER" -> switchover(statement);
            case "SHUTDOWN" -> command(statement, OperatorCommand.SHUTDOWN, false);
            case "INSERT", "UPDATE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT" ->
                throw new SqlProblem(
                        SqlStates.READ_ONLY_SQL_TRANSACTION,
                        "cannot execute " + statement.verb() + ": the tables of pg_proxy can only be read",
                        READ_ONLY_HINT,
                        1);
            case "EXPLAIN",
                    "LISTEN",
                    "UNLISTEN",
                    "NOTIFY",
                    "LOCK",
                    "PREPARE",
                    "EXECUTE",
                    "ANALYZE",
                    "VACUUM",
                    "CALL",
                    "DO" ->
                throw new SqlProblem(
                        SqlStates.FEATURE_NOT_SUPPORTED,
                        statement.verb() + " is not available in pg_proxy",
                        "SHOW HELP lists the commands.",
                        1);
            default -> {
                if (statement.tokens().get(0).isSymbol("(")) {
                    yield QueryPlanner.plan(statement, settings);
                }
                throw new SqlProblem(
                        SqlStates.SYNTAX_ERROR,
                        "syntax error at or near \"" + statement.tokens().get(0).text() + "\"",
                        "SHOW HELP lists the commands of pg_proxy.",
                        1);
            }
        };
    }

    /** {@code DELETE FROM connection ...} selects like SELECT. */
    private static Plan end(SqlText statement, Settings settings) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        int at = tokens.size() > 1 && tokens.get(1).isWord("from") ? 2 : 1;
        boolean qualified = at + 2 < tokens.size()
                && tokens.get(at).folded().equals("public")
                && tokens.get(at + 1).isSymbol(".");
        at += qualified ? 2 : 0;
        if (at >= tokens.size() || !tokens.get(at).folded().equals("connection")) {
            throw new SqlProblem(
                    SqlStates.READ_ONLY_SQL_TRANSACTION,
                    "cannot execute DELETE: only from the table connection, where it ends sessions",
                    READ_ONLY_HINT,
                    1);
        }
        List<Token> chosen = new ArrayList<>(Tokenizer.tokens("SELECT pid, id, session_id FROM"));
        chosen.addAll(tokens.subList(at, tokens.size()));
        return chosen(statement, chosen, settings, "DELETE");
    }

    private static Plan chosen(SqlText statement, List<Token> chosen, Settings settings, String tag) throws SqlProblem {
        Plan.Query query = QueryPlanner.plan(new SqlText(statement.text(), 0, chosen), settings);
        return new Plan.End(new Plan.Query(query.sql(), query.views(), List.of(), query.places(), tag, null));
    }

    /** {@code KILL [database]} and {@code KILL_CLIENT id}, as in pgbouncer: they do what DELETE FROM connection does. */
    private static Plan kill(SqlText statement, Settings settings) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        boolean isClient = statement.verb().equals("KILL_CLIENT");
        if (tokens.size() > 2
                || (isClient && (tokens.size() != 2 || tokens.get(1).kind() != Token.Kind.NUMBER))) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR,
                    "syntax error in " + statement.verb(),
                    "Write KILL database, KILL, or KILL_CLIENT session_id.",
                    1);
        }
        String where = tokens.size() == 1 ? "" : isClient ? " WHERE session_id =" : " WHERE database =";
        List<Token> chosen = new ArrayList<>(Tokenizer.tokens("SELECT pid, id, session_id FROM connection" + where));
        if (tokens.size() == 2) {
            Token argument = tokens.get(1);
            chosen.add(
                    isClient
                            ? argument
                            : new Token(Token.Kind.STRING, argument.folded(), argument.start(), argument.end()));
        }
        return chosen(statement, chosen, settings, "KILL");
    }

    private static Plan command(SqlText statement, OperatorCommand command, boolean takesServer) throws SqlProblem {
        String argument = statement.after(0).strip();
        if (statement.tokens().size() == 2 && statement.tokens().get(1).kind() != Token.Kind.WORD) {
            argument = statement.tokens().get(1).text(); // Without its quotes.
        }
        if (argument.length() > LONGEST_SERVER) {
            throw new SqlProblem(
                    SqlStates.UNDEFINED_OBJECT,
                    "that is not a server of this proxy",
                    "SELECT server FROM server shows how each is written.");
        }
        if (!argument.isEmpty() && !takesServer) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR,
                    "syntax error at or near \"" + argument + "\"",
                    command + " takes no argument.",
                    statement.tokens().get(1).start() + 1);
        }
        return new Plan.Command(command, argument);
    }

    /** {@code SWITCHOVER TO 'host:port'}, {@code SWITCHOVER CANCEL}. */
    private static Plan switchover(SqlText statement) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        if (tokens.size() == 2 && tokens.get(1).isWord("cancel")) {
            return new Plan.Command(OperatorCommand.SWITCHOVER_CANCEL, "");
        }
        if (tokens.size() < 3 || !tokens.get(1).isWord("to")) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR,
                    "SWITCHOVER does not name a server",
                    "Write SWITCHOVER TO 'host:port', naming the standby as in the table server, or SWITCHOVER CANCEL.",
                    1);
        }
        String server = tokens.size() == 3 && tokens.get(2).kind() != Token.Kind.WORD
                ? tokens.get(2).text()
                : statement.after(1).strip();
        return new Plan.Command(
                OperatorCommand.SWITCHOVER, server.substring(0, Math.min(server.length(), LONGEST_SERVER)));
    }

    /** {@code DEALLOCATE [PREPARE] name}; for ALL the name is empty. */
    private static Plan deallocate(SqlText statement) throws SqlProblem {
        int at = statement.word(1).equals("PREPARE") ? 2 : 1;
        if (statement.tokens().size() != at + 1) {
            throw new SqlProblem(SqlStates.SYNTAX_ERROR, "syntax error in DEALLOCATE", "Write DEALLOCATE name.", 1);
        }
        String name = statement.word(at).equals("ALL")
                ? ""
                : statement.tokens().get(at).folded();
        return new Plan.Setting("DEALLOCATE", name, "");
    }

    /** {@code SET [SESSION | LOCAL] name {= | TO} value}. */
    private static Plan set(SqlText statement, Settings settings) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        int at = statement.word(1).equals("SESSION") || statement.word(1).equals("LOCAL") ? 2 : 1;
        String first = statement.word(at);
        if (first.equals("CHARACTERISTICS") || first.equals("TRANSACTION") || first.equals("CONSTRAINTS")) {
            return new Plan.Setting("SET", "", "");
        }
        if (first.equals("NAMES")) {
            return setting("client_encoding", tokens, at + 1, settings);
        }
        if (first.equals("TIME") && statement.word(at + 1).equals("ZONE")) {
            return setting("TimeZone", tokens, at + 2, settings);
        }
        int valueAt = at + 2;
        boolean assigns = at + 2 < tokens.size()
                && tokens.get(at).isName()
                && (tokens.get(at + 1).isSymbol("=") || tokens.get(at + 1).isWord("to"));
        if (!assigns) {
            throw new SqlProblem(SqlStates.SYNTAX_ERROR, "syntax error in SET", "Write SET name = value.", 1);
        }
        return setting(tokens.get(at).folded(), tokens, valueAt, settings);
    }

    private static Plan setting(String name, List<Token> tokens, int valueAt, Settings settings) throws SqlProblem {
        StringBuilder value = new StringBuilder();
        for (Token token : tokens.subList(Math.min(valueAt, tokens.size()), tokens.size())) {
            value.append(token.text());
        }
        if (settings.value(name).isEmpty() || name.toLowerCase(Locale.ROOT).startsWith("pg_proxy.")) {
            settings.change(name.startsWith("pg_proxy.") ? "(" + name + ")" : name, ""); // Throws the reason.
        }
        return new Plan.Setting("SET", name, value.toString());
    }

    private static Plan reset(SqlText statement, Settings settings) throws SqlProblem {
        String name = statement.after(0).strip();
        boolean isKnown = name.equalsIgnoreCase("all") || settings.value(name).isPresent();
        if (!isKnown) {
            settings.change(name, "");
        }
        return new Plan.Setting("RESET", "", "");
    }
}
