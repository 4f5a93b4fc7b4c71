package io.millrace.launcher;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads what is appended to a log, whole lines only. */
final class LogFollower implements AutoCloseable {

    private final Path file;
    private RandomAccessFile open;
    private long read;

    LogFollower(Path file) {
        this.file = file;
    }

    /** Goes to the last lines, so that the next {@link #print} begins with them. */
    void skipToLast(int lines) throws IOException {
        var bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        int at = bytes.length;
        for (int left = lines + 1; at > 0 && left > 0; at--) {
            if (bytes[at - 1] == '\n' && --left == 0) {
                break;
            }
        }
        read = at;
    }

    /** Prints the lines that have come since the last call; a log that was rotated is read from its beginning. */
    void print(Output output) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        if (Files.size(file) < read) {
            close();
            read = 0;
        }
        if (open == null) {
            open = new RandomAccessFile(file.toFile(), "r");
        }
        var bytes = new byte[(int) Math.min(1 << 20, Math.max(0, open.length() - read))];
        open.seek(read);
        open.readFully(bytes);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        if (end > 0) {
            output.plain(new String(bytes, 0, end - 1, StandardCharsets.UTF_8));
            read += end;
        }
    }

    @Override
    public void close() throws IOException {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
