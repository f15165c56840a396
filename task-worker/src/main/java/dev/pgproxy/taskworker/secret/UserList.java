package dev.pgproxy.taskworker.secret;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file in the format of pgbouncer's userlist.txt: {@code "user" "password"} on each line, with a quote inside written twice. Text after
 * the second string is ignored, as are empty lines and lines that begin with a semicolon.
 *
 * @param secrets passwords or stored hashes by user
 * @param badLines numbers of the lines that could not be read
 */
record UserList(Map<String, String> secrets, List<Integer> badLines) {

    private static final Pattern LINE = Pattern.compile("\\s*\"((?:[^\"]++|\"\")*+)\"\\s+\"((?:[^\"]++|\"\")*+)\".*");

    static UserList parse(String text) {
        Map<String, String> secrets = new HashMap<>();
        List<Integer> badLines = new ArrayList<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                secrets.putIfAbsent(unquoted(matcher.group(1)), unquoted(matcher.group(2)));
            } else if (!line.isBlank() && !line.stripLeading().startsWith(";")) {
                badLines.add(i + 1);
            }
        }
        return new UserList(secrets, badLines);
    }

    private static String unquoted(String text) {
        return text.replace("\"\"", "\"");
    }

    /** The user's password or hash; empty when there is none, or when the file has an empty string. */
    Optional<String> secret(String user) {
        return Optional.ofNullable(secrets.get(user)).filter(secret -> !secret.isEmpty());
    }

    /** Without the secrets. */
    @Override
    public String toString() {
        return "UserList[users=" + secrets.size() + ", badLines=" + badLines + "]";
    }
}
