package io.millrace.tests.bench.report;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The parts that have been measured, each in a file of its own, so that a report can be measured in several runs. */
final class Store {

    private final Path folder;
    private final Machine machine;
    private final boolean quick;
    private final JsonMapper json = JsonMapper.builder().findAndAddModules().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

    /** @param machine what parts have to be of */
    Store(Path folder, Machine machine, boolean quick) {
        this.folder = folder;
        this.machine = machine;
        this.quick = quick;
    }

    void write(String name, Measured<?> part) throws IOException {
        Files.createDirectories(folder);
        json.writerWithDefaultPrettyPrinter().writeValue(file(name).toFile(), part);
    }

    /** Empty where it has not been measured, or was on another machine, of another commit, or in haste where this is not. */
    <T> Optional<Measured<T>> read(String name, Class<T> figures) {
        return there(name, figures).filter(this::isOurs);
    }

    private <T> Optional<Measured<T>> there(String name, Class<T> figures) {
        if (!Files.exists(file(name))) {
            return Optional.empty();
        }
        try {
            return Optional.of(json.readValue(file(name).toFile(), json.getTypeFactory().constructParametricType(Measured.class, figures)));
        } catch (IOException e) {
            throw new LocalException("Reading what was measured before from " + file(name) + " failed: " + e.getMessage() + ". Delete the file, and the part is measured anew", e);
        }
    }

    private boolean isOurs(Measured<?> part) {
        return part.machine().equals(machine) && part.quick() == quick;
    }

    /** For which any part that is measured for each size is there, ascending. */
    List<Integer> sizes() {
        return names().stream().filter(name -> name.matches("[a-z]+-[0-9]+")).map(name -> Integer.valueOf(name.substring(name.indexOf('-') + 1))).distinct().sorted().toList();
    }

    private List<String> names() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".json")).map(name -> name.substring(0, name.length() - ".json".length())).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("Listing " + folder + " failed", e);
        }
    }

    /** Of parts that are there and not of this report: which, and what is different. */
    List<String> others() {
        var others = new ArrayList<String>();
        names().forEach(name -> there(name, Object.class).filter(part -> !isOurs(part)).ifPresent(part -> others.add(name + " is of " + describe(part))));
        return others;
    }

    private String describe(Measured<?> part) {
        return part.quick() != quick ? (quick ? "a long run" : "a quick run") : !part.machine().commit().equals(machine.commit()) ? "commit " + part.machine().commit() : part.machine().toString();
    }

    private Path file(String name) {
        return folder.resolve(name + ".json");
    }
}
