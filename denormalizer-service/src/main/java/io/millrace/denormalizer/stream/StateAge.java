package io.millrace.denormalizer.stream;

import io.millrace.denormalizer.join.state.Stores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/**
 * Since when deletions may be missing from the state on this disk. Streams restores, from a task's checkpoint on, what stands in the
 * changelogs now; what was deleted behind the checkpoint and is compacted away by now is in neither, and would be back. So each task has
 * a stamp beside the state: the time of a checkpoint that was written while the state was whole. State without a stamp is of an unknown
 * time. Thread-safe.
 */
final class StateAge implements StateRestoreListener {

    private static final Pattern TASK = Pattern.compile("0_\\d+");
    private static final String CHECKPOINT = ".checkpoint";
    private static final Set<String> STORES = Set.of(Stores.ROWS, Stores.DOCUMENTS, Stores.LOOKUPS);

    private final Path application;
    private final Path stamps;
    /** By partition, the stores that were restored to their end since the task was opened. */
    private final Map<Integer, Set<String>> restored = new HashMap<>();
    /** By partition, when the last of them was, by the clock of the file system. */
    private final Map<Integer, FileTime> whole = new HashMap<>();
    private final Map<Integer, FileTime> stamped = new HashMap<>();

    /** @param application the folder of one application's tasks; it need not be there */
    StateAge(Path application) {
        this.application = application;
        this.stamps = application.resolveSibling(application.getFileName() + ".stamps");
    }

    /**
     * Takes away the state of tasks that may lack deletions, or might before it is restored. No task may be open.
     *
     * @param kept for how long deletions stand in the changelogs at least
     * @return the tasks whose state is gone
     * @throws UncheckedIOException where the disk does not answer
     */
    synchronized List<String> takeAway(Duration kept, Instant now) {
        var gone = new ArrayList<String>();
        try {
            for (var task : tasks()) {
                var name = task.getFileName().toString();
                if (isOld(name, kept, now)) {
                    Files.deleteIfExists(stamps.resolve(name));
                    delete(task);
                    gone.add(name);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Taking away what is too old of the state under " + application + " failed: " + e.getMessage(), e);
        }
        return gone;
    }

    /**
     * Whether some of the state on this disk may lack deletions, or might before it is restored.
     *
     * @param kept for how long deletions stand in the changelogs at least
     * @throws UncheckedIOException where the disk does not answer
     */
    synchronized boolean isOld(Duration kept, Instant now) {
        try {
            for (var task : tasks()) {
                if (isOld(task.getFileName().toString(), kept, now)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException("Asking how old the state under " + application + " is failed: " + e.getMessage(), e);
        }
    }

    /** Half of the time is left for restoring. */
    private boolean isOld(String task, Duration kept, Instant now) throws IOException {
        return stamp(task).isBefore(now.minus(kept.dividedBy(2)));
    }

    private List<Path> tasks() throws IOException {
        if (!Files.isDirectory(application)) {
            return List.of();
        }
        try (var all = Files.list(application)) {
            return all.filter(folder -> TASK.matcher(folder.getFileName().toString()).matches()).sorted().toList();
        }
    }

    private Instant stamp(String task) throws IOException {
        try {
            return Instant.ofEpochMilli(Long.parseLong(Files.readString(stamps.resolve(task)).strip()));
        } catch (NoSuchFileException | NumberFormatException e) {
            return Instant.EPOCH;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Override
    public synchronized void onRestoreStart(TopicPartition changelog, String store, long from, long end) {
        whole.remove(changelog.partition());
        restored.computeIfAbsent(changelog.partition(), _ -> new HashSet<>()).remove(store);
    }

    @Override
    public void onBatchRestored(TopicPartition changelog, String store, long end, long count) {}

    /** A checkpoint that is older than this one may have been written on the way. */
    @Override
    public synchronized void onRestoreEnd(TopicPartition changelog, String store, long count) {
        int partition = changelog.partition();
        var stores = restored.computeIfAbsent(partition, _ -> new HashSet<>());
        stores.add(store);
        if (stores.containsAll(STORES)) {
            try {
                whole.put(partition, Files.getLastModifiedTime(write(task(partition) + ".whole", "")));
            } catch (IOException e) {
                throw new UncheckedIOException("Keeping in " + stamps + " that the state of partition " + partition + " is whole failed: " + e.getMessage(), e);
            }
        }
    }

    /**
     * Keeps of each task whose state is whole when its checkpoint was written; to be called now and then, and once the application has ended.
     *
     * @throws UncheckedIOException where the disk does not answer
     */
    synchronized void keep() {
        try {
            for (var task : whole.entrySet()) {
                keep(task.getKey(), task.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Keeping in " + stamps + " of which time the state is failed: " + e.getMessage(), e);
        }
    }

    private void keep(int partition, FileTime since) throws IOException {
        var checkpoint = application.resolve(task(partition)).resolve(CHECKPOINT);
        if (!Files.exists(checkpoint)) {
            return;
        }
        var written = Files.getLastModifiedTime(checkpoint);
        if (written.compareTo(since) >= 0 && !written.equals(stamped.get(partition))) {
            write(task(partition), Long.toString(written.toMillis()));
            stamped.put(partition, written);
        }
    }

    private static String task(int partition) {
        return "0_" + partition;
    }

    private Path write(String name, String text) throws IOException {
        Files.createDirectories(stamps);
        var fresh = Files.writeString(stamps.resolve(name + ".new"), text);
        return Files.move(fresh, stamps.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
