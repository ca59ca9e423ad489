#pragma once

#include "tools/cli/command.h"

namespace foresee::tools {

/// `data check`: what is wrong with sets of episodes; exit 3 with findings.
Run setup_data_check(CLI::App& app, CommonOptions& common);
/// `data collect`: records episodes of an environment under a policy into an HDF5 file.
Run setup_data_collect(CLI::App& app, CommonOptions& common);
/// `data convert`: sets of episodes from one format to another.
Run setup_data_convert(CLI::App& app, CommonOptions& common);
/// `data view`: a contact sheet or a video of episodes, actions and states drawn.
Run setup_data_view(CLI::App& app, CommonOptions& common);
/// `data scenes`: clips of moving scenes with known factors.
Run setup_data_scenes(CLI::App& app, CommonOptions& common);
/// `data window`: rows around a row, as LeRobot's delta_timestamps.
Run setup_data_window(CLI::App& app, CommonOptions& common);
/// `data probe`: what video files hold, a line each, or JSON.
Run setup_data_probe(CLI::App& app, CommonOptions& common);

}  // namespace foresee::tools
