package dev.pgproxy.common.net;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
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

        /** An address that a name was resolved to. */
        public static Tcp of(InetSocketAddress address) {
            return new Tcp(address.getAddress().getHostAddress(), address.getPort());
        }

        @Override
        public String toString() {
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /**
     * A Unix socket. One that has the name that PostgreSQL gives to its own is written {@code unix:/directory:port}, like the directory and
     * the port that psql takes; any other one {@code unix:/path}.
     *
     * @param path absolute
     */
    record Unix(String path) implements Endpoint {

        /** The directory, if its name is one of PostgreSQL's, and the path otherwise. */
        public String place() {
            return isPostgres() ? path.substring(0, path.lastIndexOf('/')) : path;
        }

        @Override
        public int port() {
            return isPostgres() ? Integer.parseInt(path.substring(path.lastIndexOf('.') + 1)) : 0;
        }

        private boolean isPostgres() {
            Matcher matcher = POSTGRES_SOCKET.matcher(path);
            return matcher.matches() && Integer.parseInt(matcher.group(1)) <= MAX_PORT;
        }

        @Override
        public String toString() {
            return isPostgres() ? UNIX + place() + ":" + port() : UNIX + path;
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

    /** Its port; for a Unix socket the one in its name, 0 when that has none. */
    int port();

    /** Prefix of the text of a Unix socket. */
    String UNIX = "unix:";

    /** sizeof(sun_path) less the terminator, and one less for the JDK, which probes servers. */
    int MAX_PATH_BYTES = 106;

    /** unix_socket_directories: the name of a server's socket has its port. The root directory has no name to write. */
    Pattern POSTGRES_SOCKET = Pattern.compile("/.+/\\.s\\.PGSQL\\.([1-9]\\d{0,4})");

    Pattern DIRECTORY_AND_PORT = Pattern.compile("(/.+):(\\d{1,9})");
    Pattern BRACKETED = Pattern.compile("\\[([0-9a-fA-F:.]+(?:%[\\w.-]+)?)]:(\\d{1,9})");
    Pattern HOST_AND_PORT = Pattern.compile("([^\\s:,\\[\\]]+):(\\d{1,9})");
    Pattern LOOKS_LIKE_IPV4 = Pattern.compile("[0-9.]+");
    Pattern IPV4 = Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)");
    int MAX_PORT = 65_535;

    /**
     * Reads {@code host:port}, {@code unix:/directory:port} or {@code unix:/path}.
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
                    "Write host:port, for example 10.0.0.1:5432, db.example.com:5432 or [::1]:5432,"
                            + " or unix:/directory:port.");
        }
        Matcher matched = bracketed.matches() ? bracketed : plain;
        String host = matched.group(1);
        if (LOOKS_LIKE_IPV4.matcher(host).matches() && !IPV4.matcher(host).matches()) {
            throw new BadEndpointException(
                    "\"" + host + "\" is not an IPv4 address", "Each of its four numbers is 0 to 255.");
        }
        return new Tcp(host, port(matched.group(2)));
    }

    /**
     * Where a server listens, from a host and a port as libpq takes them.
     *
     * @param host a name, an address, or the absolute path of a socket's directory
     */
    static Endpoint ofServer(String host, int port) {
        return host.startsWith("/") ? new Unix(socketOf(host, port)) : new Tcp(host, port);
    }

    private static String socketOf(String directory, int port) {
        return directory + "/.s.PGSQL." + port;
    }

    private static int port(String digits) throws BadEndpointException {
        int port = Integer.parseInt(digits);
        if (port > MAX_PORT) {
            throw new BadEndpointException(
                    "port " + port + " does not exist", "A port is a number from 1 to " + MAX_PORT + ".");
        }
        return port;
    }

    private static Unix unix(String text) throws BadEndpointException {
        Matcher matcher = DIRECTORY_AND_PORT.matcher(text);
        String path = text;
        if (matcher.matches()) {
            int port = port(matcher.group(2));
            if (port == 0) {
                throw new BadEndpointException(
                        "port 0 does not exist", "The name of a Unix socket has a port from 1 to " + MAX_PORT + ".");
            }
            path = socketOf(matcher.group(1), port);
        }
        if (path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES
                || path.matches("/+")
                || path.chars().anyMatch(Character::isISOControl)) {
            throw new BadEndpointException(
                    "\"" + path + "\" cannot be the path of a socket",
                    "Write unix: and an absolute path of at most " + MAX_PATH_BYTES + " bytes.");
        }
        try {
            return new Unix(
                    Path.of(path).toString()); // Without double slashes, so that equal sockets have equal names.
        } catch (InvalidPathException e) {
            throw new BadEndpointException(
                    "\"" + path + "\" has characters that this locale does not know",
                    "Start pgproxy in a UTF-8 locale, or name a socket in another directory.");
        }
    }
}
