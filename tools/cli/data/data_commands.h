#pragma once

#include "tools/cli/command.h"

namespace foresee::tools {

/// `data collect`: records episodes of an environment under a policy into an HDF5 file.
Run setup_data_collect(CLI::App& app, CommonOptions& common);
/// `data convert`: sets of episodes from one format to another.
Run setup_data_convert(CLI::App& app, CommonOptions& common);
/// `data view`: a contact sheet or a video of episodes, actions and states drawn.
Run setup_data_view(CLI::App& app, CommonOptions& common);
/// `data probe`: what video files hold, a line each, or JSON.
Run setup_data_probe(CLI::App& app, CommonOptions& common);

}  // namespace foresee::tools
