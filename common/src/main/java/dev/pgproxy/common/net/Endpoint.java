package dev.pgproxy.common.net;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where something listens. {@link #parse} and {@code toString} are inverses of each other. */
public sealed interface Endpoint {

    /**
     * A port of a host; a name is resolved at each connect.
     *
     * @param host name, IPv4 address, or IPv6 address without brackets
     * @param port 0 to 65535, where 0 stands for one that the system chooses
     */
    record Tcp(String host, int port) implements Endpoint {

        @Override
        public String toString() {
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /**
     * A Unix socket.
     *
     * @param path absolute
     */
    record Unix(String path) implements Endpoint {

        @Override
        public String toString() {
            return UNIX + path;
        }
    }

    /** A text that is not an endpoint, and how to write one. */
    final class BadEndpointException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String remedy;

        private BadEndpointException(String problem, String remedy) {
            super(problem);
            this.remedy = remedy;
        }

        public String problem() {
            return String.valueOf(getMessage());
        }

        public String remedy() {
            return remedy;
        }
    }

    /** Prefix of the text of a Unix socket. */
    String UNIX = "unix:";

    /** sizeof(sun_path) less the terminator. */
    int MAX_PATH_BYTES = 107;

    Pattern BRACKETED = Pattern.compile("\\[([0-9a-fA-F:.]+(?:%[\\w.-]+)?)]:(\\d{1,9})");
    Pattern HOST_AND_PORT = Pattern.compile("([^\\s:,\\[\\]]+):(\\d{1,9})");
    Pattern LOOKS_LIKE_IPV4 = Pattern.compile("[0-9.]+");
    Pattern IPV4 = Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)");
    int MAX_PORT = 65_535;

    /**
     * Reads {@code host:port} or {@code unix:/path}.
     *
     * @throws BadEndpointException when it is neither
     */
    static Endpoint parse(String text) throws BadEndpointException {
        if (text.startsWith(UNIX + "/")) { // A host may be called unix.
            return unix(text.substring(UNIX.length()));
        }
        Matcher bracketed = BRACKETED.matcher(text);
        Matcher plain = HOST_AND_PORT.matcher(text);
        if (!bracketed.matches() && !plain.matches()) {
            throw new BadEndpointException(
                    "\"" + text + "\" is not an address",
                    "Write host:port, for example 10.0.0.1:5432, db.example.com:5432 or [::1]:5432.");
        }
        Matcher matched = bracketed.matches() ? bracketed : plain;
        String host = matched.group(1);
        if (LOOKS_LIKE_IPV4.matcher(host).matches() && !IPV4.matcher(host).matches()) {
            throw new BadEndpointException(
                    "\"" + host + "\" is not an IPv4 address", "Each of its four numbers is 0 to 255.");
        }
        int port = Integer.parseInt(matched.group(2));
        if (port > MAX_PORT) {
            throw new BadEndpointException(
                    "port " + port + " does not exist", "A port is a number from 1 to " + MAX_PORT + ".");
        }
        return new Tcp(host, port);
    }

    private static Unix unix(String path) throws BadEndpointException {
        int bytes = path.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        if (!path.startsWith("/") || bytes > MAX_PATH_BYTES) {
            throw new BadEndpointException(
                    "\"" + path + "\" cannot be the path of a socket",
                    "Write unix: and an absolute path of at most " + MAX_PATH_BYTES + " bytes.");
        }
        return new Unix(path);
    }
}
