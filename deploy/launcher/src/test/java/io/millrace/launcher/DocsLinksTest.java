package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Every link from one page of the documentation to another leads to a file, and to a heading in it. */
class DocsLinksTest {

    private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:IT|Test))\\.(\\w+)`");
    private static final Pattern ADDRESS = Pattern.compile("[a-z]+:.*");
    private static final Pattern HEADING = Pattern.compile("#+ (.*)");
    private static final Set<String> NOT_OURS = Set.of(".git", ".millrace", "target", "node_modules");

    @Test
    void everyLinkLeadsSomewhere() throws IOException {
        var pages = pages();
        assertTrue(pages.size() > 30, pages::toString);
        var broken = new TreeSet<String>();
        for (var page : pages) {
            LINK.matcher(Files.readString(page)).results().map(link -> link.group(1)).filter(link -> !ADDRESS.matcher(link).matches() && !leads(page, link))
                    .forEach(link -> broken.add(DataFolder.home().relativize(page) + " → " + link));
        }
        assertEquals(Set.of(), broken);
    }

    /** What was checked by a test is held by it for as long as the test is there. */
    @Test
    void everyTestThatTheClaimsNameIsThere() throws IOException {
        var sources = files(".java");
        var missing = new TreeSet<String>();
        var named = TEST.matcher(Files.readString(DataFolder.home().resolve("deploy/guide/claims.md"))).results().toList();
        assertTrue(named.size() > 20, named::toString);
        for (var test : named) {
            boolean isThere = false;
            for (var source : sources) {
                isThere |= source.endsWith(test.group(1) + ".java") && Files.readString(source).contains("void " + test.group(2) + "(");
            }
            if (!isThere) {
                missing.add(test.group());
            }
        }
        assertEquals(Set.of(), missing);
    }

    private static List<Path> pages() throws IOException {
        return files(".md");
    }

    private static List<Path> files(String ending) throws IOException {
        var pages = new ArrayList<Path>();
        Files.walkFileTree(DataFolder.home(), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return NOT_OURS.contains(folder.getFileName().toString()) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(ending)) {
                    pages.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return pages;
    }

    private static boolean leads(Path page, String link) {
        int at = link.indexOf('#');
        var target = at == 0 ? page : page.resolveSibling(at < 0 ? link : link.substring(0, at)).normalize();
        if (at < 0 || !Files.exists(target)) {
            return Files.exists(target);
        }
        return headings(Files.isDirectory(target) ? target.resolve("README.md") : target).contains(link.substring(at + 1));
    }

    /** As they stand in links: lower case, without punctuation, hyphens for blanks. */
    private static Set<String> headings(Path page) {
        var headings = new HashSet<String>();
        boolean code = false;
        try {
            for (var line : Files.readAllLines(page)) {
                code ^= line.startsWith("```");
                var heading = HEADING.matcher(line);
                if (!code && heading.matches()) {
                    headings.add(slug(heading.group(1).replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1")));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return headings;
    }

    private static String slug(String heading) {
        return heading.strip().toLowerCase(Locale.ROOT).chars().filter(c -> Character.isLetterOrDigit(c) || " -_".indexOf(c) >= 0)
                .mapToObj(c -> c == ' ' ? "-" : Character.toString(c)).collect(Collectors.joining());
    }
}
