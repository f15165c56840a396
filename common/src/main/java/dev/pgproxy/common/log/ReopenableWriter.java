package dev.pgproxy.common.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.tinylog.core.LogEntry;
import org.tinylog.writers.AbstractFormatPatternWriter;

/**
 * A tinylog writer that appends to a file and opens it anew on request, as logrotate wants it; tinylog's own can only roll
 * files itself. Without a file it writes to standard error. A disk that is full costs lines, never the process; how many
 * were lost is said when writing works again.
 */
public final class ReopenableWriter extends AbstractFormatPatternWriter {

    /** Raised by each request to reopen; a writer that has seen a lower one opens its file anew. */
    private static final AtomicInteger GENERATION = new AtomicInteger();

    private final @Nullable Path file;
    private @Nullable FileChannel channel;
    private int seenGeneration;
    private long lostLines;

    /** Called by tinylog with the properties of the configuration. */
    public ReopenableWriter(Map<String, String> properties) {
        super(properties);
        String name = properties.get("file");
        file = name == null ? null : Path.of(name);
        seenGeneration = GENERATION.get();
    }

    static void reopenAll() {
        GENERATION.incrementAndGet();
    }

    @Override
    public synchronized void write(LogEntry entry) {
        String line = render(entry);
        if (file == null) {
            System.err.print(line);
            return;
        }
        try {
            FileChannel open = open(file);
            if (lostLines > 0) {
                append(open, Event.of("log_lines_lost").with("count", lostLines) + "\n");
                lostLines = 0;
            }
            append(open, line);
        } catch (IOException e) {
            if (lostLines++ == 0) {
                System.err.print(Event.of("log_write_failed")
                                .with("file", file)
                                .message(String.valueOf(e.getMessage()))
                                .hint("Free the disk or mend the path; lines are lost until then.")
                        + "\n" + line);
            }
        }
    }

    private FileChannel open(Path path) throws IOException {
        int wanted = GENERATION.get();
        FileChannel open = channel;
        if (open != null && wanted != seenGeneration) {
            open.close();
            open = null;
        }
        if (open == null) {
            open = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
            channel = open;
            seenGeneration = wanted;
        }
        return open;
    }

    private static void append(FileChannel open, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            open.write(bytes);
        }
    }

    @Override
    public synchronized void flush() {
        System.err.flush();
    }

    @Override
    public synchronized void close() throws IOException {
        FileChannel open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }
}
