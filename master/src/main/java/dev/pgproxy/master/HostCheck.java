package dev.pgproxy.master;

import dev.pgproxy.common.config.ConfigEntry;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.UnixSocketAccess;
import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.io.UnixListener;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Checks in advance whether the files and addresses that a configuration names exist on this host, without changing anything. The values
 * themselves are checked where the configuration is read.
 */
final class HostCheck {

    private HostCheck() {}

    /** What will not work, each with the key that it concerns and a remedy. */
    static List<String> problems(ProxyConfig config) {
        List<String> problems = new ArrayList<>();
        config.auth().verifierFile().ifPresent(file -> readable("auth_file", file, problems));
        config.alerts().command().ifPresent(file -> {
            if (!Files.isExecutable(file)) {
                problems.add("notify.command = " + file
                        + ": this is not a program that this user may run. Name one, or chmod +x it.");
            }
        });
        Path state = config.files().stateFile();
        if (config.servers().promote().isPresent()) {
            stateFile(state, problems);
        }
        config.logging().file().ifPresent(file -> logFile(file, problems));
        config.listen().forEach(address -> listenable(address, config, problems));
        servers(config)
                .filter(server -> server instanceof Endpoint.Unix
                        && System.getProperty("user.name", "?").equals("?"))
                .forEach(server ->
                        problems.add(server + ": the user that runs pgproxy has no name on this host, so which"
                                + " role the server may take it for (peer in pg_hba.conf) is not known. Give the user a name"
                                + " in /etc/passwd, or name the server by host and port."));
        return problems;
    }

    /** Paths at which another user could replace what pgproxy expects there. pgproxy does not start with such a path. */
    static List<String> untrusted(ProxyConfig config) {
        List<String> problems = new ArrayList<>();
        untrusted(TrustedPath::check, "state_file", config.files().stateFile(), problems);
        untrusted(TrustedPath::check, "pid_file", config.files().pidFile(), problems);
        untrusted(TrustedPath::check, "ipc_uds_path", config.files().controlSocket(), problems);
        for (Endpoint endpoint : config.listen()) {
            if (endpoint instanceof Endpoint.Unix socket) {
                untrusted(TrustedPath::checkNotOpenToAll, "listen", Path.of(socket.path()), problems);
            }
        }
        return problems;
    }

    private interface PathCheck {
        void check(String key, Path file) throws IOException;
    }

    private static void untrusted(PathCheck trusted, String key, Path file, List<String> problems) {
        try {
            trusted.check(key, file);
        } catch (IOException e) {
            problems.add(FileProblem.words(e));
        }
    }

    private static Stream<Endpoint> servers(ProxyConfig config) {
        ProxyConfig.Servers servers = config.servers();
        return Stream.of(Stream.of(servers.primary()), servers.promote().stream(), servers.standbys().stream())
                .flatMap(each -> each);
    }

    private static void readable(String key, Path file, List<String> problems) {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            problems.add(
                    key + " = " + file + ": this is not a file that this user may read. Name one, or remove the key.");
        }
    }

    /** The state file is written to a temporary name and renamed, in a directory that is created when it is missing. */
    private static void stateFile(Path file, List<String> problems) {
        Path above = file.toAbsolutePath().getParent();
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        if (above == null || !Files.isDirectory(above) || !Files.isWritable(above)) {
            problems.add(
                    "state_file = " + file + ": this user may not write in " + above
                            + ", so no standby would be promoted. Make a directory for it that belongs to pgproxy's user, and name that.");
        }
    }

    /** Log files have this name with a suffix, in a directory that pgproxy does not create. */
    private static void logFile(Path file, List<String> problems) {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory) || !Files.isWritable(directory)) {
            problems.add("log.filename = " + file + ": this user may not write in " + directory
                    + ". Make that directory, and give it to pgproxy's user.");
        }
    }

    private static void listenable(Endpoint endpoint, ProxyConfig config, List<String> problems) {
        boolean isChosen = endpoint instanceof Endpoint.Tcp tcp && tcp.port() == 0;
        if (!isChosen && endpoint.equals(config.servers().primary())) {
            problems.add("listen = " + endpoint + ": that is master too, so the proxy would be its own server."
                    + " Let pgproxy listen on another port.");
        }
        if (endpoint instanceof Endpoint.Tcp address) {
            listenable(address, problems);
        } else if (endpoint instanceof Endpoint.Unix socket) {
            listenable(socket, config.unixSockets(), problems);
        }
    }

    private static void listenable(Endpoint.Unix socket, UnixSocketAccess access, List<String> problems) {
        Path path = Path.of(socket.path());
        Path directory = path.getParent();
        if (directory == null || !Files.isDirectory(directory) || !Files.isWritable(directory)) {
            problems.add("listen = " + socket + ": this user may not write in " + directory
                    + ". Make that directory, and give it to pgproxy's user.");
            return;
        }
        try {
            UnixListener.check(path, access);
        } catch (IOException e) {
            problems.add(FileProblem.words(e) + ". " + FileProblem.remedy(e, "Name another socket."));
        }
    }

    private static void listenable(Endpoint.Tcp address, List<String> problems) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName(address.host()), 0));
        } catch (UnknownHostException e) {
            problems.add("listen = " + address + ": this name cannot be resolved here. Write an address of this host.");
        } catch (IOException e) {
            problems.add("listen = " + address + ": this host has no such address. ip address shows those it has;"
                    + " 0.0.0.0 stands for all IPv4 addresses, * for all addresses.");
        }
    }

    /** What works, but is likely to surprise. */
    static List<String> notes(ProxyConfig config) {
        List<String> notes = new ArrayList<>();
        if (config.servers().standbys().contains(config.servers().primary())) {
            notes.add("slaver_list names the master too: readers are also sent to the primary.");
        }
        servers(config)
                .filter(Endpoint.Unix.class::isInstance)
                .findFirst()
                .ifPresent(
                        server -> notes.add(
                                server + ": where its pg_hba.conf says peer, a server sees pgproxy's user ("
                                        + System.getProperty("user.name")
                                        + "), whoever the client is. Have it ask clients' roles for a password; docs/unix-sockets.md."));
        Optional<ConfigEntry> idle = config.entries().stream()
                .filter(entry -> entry.key().equals("active_cnn_timeout") && entry.line() == 0)
                .findFirst();
        if (idle.isPresent()) {
            notes.add("active_cnn_timeout is not set: clients that are idle for "
                    + config.timeouts().activeConnection().toSeconds()
                    + " s are disconnected (57P05), also those in an application's own pool. 0 turns that off;"
                    + " disable_conds_list.N exempts some.");
        }
        return notes;
    }

    /** Whether every user of this host can read passwords in the file. */
    static boolean isOpenToAll(ProxyConfig config, Path file) {
        try {
            return config.hasSecrets() && TrustedPath.isOpenToAll(file);
        } catch (IOException e) {
            return false; // It was read a moment ago; a reload will report what has changed since.
        }
    }
}
