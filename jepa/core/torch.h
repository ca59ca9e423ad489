#pragma once

/// LibTorch as this program uses it: operators, autograd, modules. torch/torch.h brings its data loaders, optimizers
/// and compiler along, which costs every file three seconds more.
#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>
