package dev.pgproxy.benchmarks.result;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A run in a file, to be held against a later one: lines {@code # fact: value}, then figure, peer, round and value, separated by tabs.
 *
 * @param facts the conditions: machine, versions, command
 */
public record ResultFile(Map<String, String> facts, Measurements measurements) {

    private static final String FACT = "# ";
    private static final String SEPARATOR = ": ";
    private static final int FIELDS = 4;

    public void write(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        facts.forEach((name, value) -> lines.add(FACT + name + SEPARATOR + value));
        for (Figure figure : Figure.values()) {
            for (PeerKind peer : PeerKind.values()) {
                measurements
                        .rounds(figure, peer)
                        .forEach((round, value) -> lines.add(String.join(
                                "\t", figure.id(), peer.name(), Integer.toString(round), Double.toString(value))));
            }
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, lines);
    }

    /**
     * Reads what {@link #write} wrote. Figures and peers that this version does not know are left out.
     *
     * @throws IOException when the file cannot be read, or a line is not one of such a file
     */
    public static ResultFile read(Path file) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        Measurements measurements = new Measurements();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            try {
                if (line.startsWith(FACT)) {
                    int end = line.indexOf(SEPARATOR);
                    facts.put(line.substring(FACT.length(), end), line.substring(end + SEPARATOR.length()));
                } else {
                    readValue(line.split("\t", -1), measurements);
                }
            } catch (RuntimeException e) {
                throw new IOException(file + ", line " + (i + 1) + ": not a result of scripts/bench: " + line, e);
            }
        }
        return new ResultFile(facts, measurements);
    }

    private static void readValue(String[] fields, Measurements into) {
        if (fields.length != FIELDS) {
            throw new IllegalArgumentException(fields.length + " fields instead of " + FIELDS);
        }
        int round = Integer.parseInt(fields[2]);
        double value = Double.parseDouble(fields[3]);
        Stream.of(Figure.values())
                .filter(figure -> figure.id().equals(fields[0]))
                .forEach(figure -> Stream.of(PeerKind.values())
                        .filter(peer -> peer.name().equals(fields[1]))
                        .forEach(peer -> into.add(figure, peer, round, value)));
    }
}
