package io.millrace.local.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;

/** One OpenSearch node with the modules that its distribution would bring. Arguments: settings as {@code key=value}. */
final class SearchNode extends Node {

    private static final List<String> MODULES = List.of(
            "org.opensearch.transport.Netty4ModulePlugin",
            "org.opensearch.index.reindex.ReindexModulePlugin",
            "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
            "org.opensearch.painless.PainlessModulePlugin",
            "org.opensearch.index.mapper.MapperExtrasModulePlugin",
            "org.opensearch.ingest.common.IngestCommonModulePlugin",
            "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin");

    private SearchNode(Settings settings, Collection<PluginInfo> modules) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), (Path) null, () -> "millrace"), modules, true);
    }

    public static void main(String[] args) throws Exception {
        var settings = Settings.builder();
        for (var arg : args) {
            int at = arg.indexOf('=');
            settings.put(arg.substring(0, at), arg.substring(at + 1));
        }
        var door = SecuredDoor.DATA.exists(settings.build()) ? SecuredDoor.class : LoopbackDoor.class;
        var node = new SearchNode(settings.build(), Stream.concat(MODULES.stream(), Stream.of(door.getName())).map(SearchNode::module).toList());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "shutdown"));
        node.start();
        Thread.currentThread().join();
    }

    private static PluginInfo module(String className) {
        return new PluginInfo(className, "bundled module", "3.8.0", Version.CURRENT, "25", className, "", List.of(), false);
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (IOException e) {
            throw new UncheckedIOException("Closing the search node failed", e);
        }
    }
}
